// The recipe that New Recipe and the form of Prune… write: complete, commented, ready to be changed and run again.
import {
  allocationOf,
  defaultAllocation,
  isMeasured,
  type AllocationName,
} from '../../catalog/allocations/allocations.ts'
import { triedWindows, unstructured } from '../defaults.ts'
import { numberText } from '../edits.ts'
import { proposeSpread, type LossChoice } from '../measured.ts'
import { methodOf, needsData, type MethodName } from '../../catalog/methods/methods.ts'
import { isTraining, type RecoverMode } from '../modes.ts'
import { isCheapToMeasure } from './measuredBetween.ts'

export interface RecipeChoices {
  /** All paths as they stand in the recipe: relative to it. */
  model: string
  /** null: the model is pruned already, and only recovered. */
  method: MethodName | null
  /** "unstructured" or "2:4". */
  pattern: string
  sparsity: number
  /** How that is spread over the blocks; left out: as measured best at this sparsity. */
  spread?: SpreadChoice
  /** Recoveries in their order; an empty list only prunes. */
  recoveries: readonly RecoverMode[]
  /** Folder of the adapter that a merge takes; null: none was chosen. */
  adapter?: string | null
  train: string[]
  /** What retraining learns from; left out: the text. */
  loss?: LossChoice
  /** Calibration text, and training text when the whole model is retrained; null when nothing needs data. */
  data: string | null
  /** A text of another kind for the same, which gives half of the windows; null or left out: none. */
  secondData?: string | null
  /** Held-out text to measure perplexity on; null: none was found. */
  evaluateOn: string | null
  /** Text of another kind than what is trained on, to measure what of the recovery is more than getting used to that. */
  evaluateOther?: string | null
  /** Key of the text column or id tensor; null: the default. */
  field: string | null
  seqLen: number
  /** Tokens of a window of the evaluation. */
  evaluationLen: number
  /** About how many tokens the held-out text has; null or left out: not known, and nothing is measured in the middle of a recovery. */
  evaluationTokens?: number | null
  /** How many the model has; null: not known. */
  blocks: number | null
  samples: number
  steps: number
  saveTo: string
  /** Left out: one run. */
  compare?: Comparison
}

/** An allocation, or the one whose setting the run finds by trying. */
export type SpreadChoice = AllocationName | 'tried'
const triedAllocation = 'depth' satisfies AllocationName

/** A setting and the values to try: a run for each. `recover.lr` is the rate of the first recovery that trains. */
export type Comparison =
  | { readonly path: 'prune.0.sparsity' | 'recover.lr' | 'seed'; readonly values: readonly number[] }
  | { readonly path: 'prune.0.method'; readonly values: readonly MethodName[] }

/** Methods that prune in any of the runs; none where the model is pruned already. */
function methodsIn({ method, compare }: Pick<RecipeChoices, 'method' | 'compare'>): readonly MethodName[] {
  if (compare?.path === 'prune.0.method') return compare.values
  return method === null ? [] : [method]
}

type Prunes = Pick<RecipeChoices, 'method' | 'compare' | 'pattern' | 'sparsity' | 'spread'>

/** How the one sparsity is spread; a pattern, or several sparsities beside each other with none chosen, leave it even. */
export function spreadIn({ pattern, sparsity, spread, compare }: Omit<Prunes, 'method'>): SpreadChoice {
  if (pattern !== unstructured) return defaultAllocation
  return spread ?? (compare?.path === 'prune.0.sparsity' ? defaultAllocation : proposeSpread(sparsity))
}

/** Pruning looks at text, for the method or for the spread. */
function pruningLooks(choices: Prunes): boolean {
  const methods = methodsIn(choices)
  const spread = spreadIn(choices)
  return (
    methods.some((method) => needsData(method)) || (methods.length > 0 && (spread === 'tried' || isMeasured(spread)))
  )
}

/** The recipe looks at text: to calibrate on, or to train on. */
export function looksAtText(choices: Prunes & Pick<RecipeChoices, 'recoveries'>): boolean {
  return pruningLooks(choices) || choices.recoveries.some((mode) => mode !== 'merge')
}

/** There is a loss to choose: the whole model is retrained, and the dense one is what this recipe prunes. */
export function choosesLoss({ method, recoveries }: Pick<RecipeChoices, 'method' | 'recoveries'>): boolean {
  return method !== null && recoveries.includes('retrain')
}

/** Something is learnt by gradient steps. */
export function trains(recoveries: readonly RecoverMode[]): boolean {
  return recoveries.some(isTraining)
}

/** YAML 1.2. Every string is quoted as JSON, which is YAML. */
export function recipeText(choices: RecipeChoices): string {
  const lines = [
    '# What to prune, how to recover it, where to save it. Hover a key to see what it means.',
    'version: 1',
    `model: ${JSON.stringify(choices.model)}${choices.method === null ? ' # the pruned input' : ''}`,
    ...pruneLines(choices),
    ...(calibrates(choices) ? calibrationLines(choices) : []),
    'seed: 0',
    ...recoverLines(choices),
    ...evaluateLines(choices),
    'save:',
    `  to: ${JSON.stringify(choices.saveTo)} # never overwrites: it must not exist yet`,
    ...prunedLines(choices),
    ...sweepLines(choices),
  ]
  return `${lines.join('\n')}\n`
}

function pruneLines(choices: RecipeChoices): string[] {
  const { pattern, sparsity } = choices
  const methods = methodsIn(choices)
  // A method that uses the calibration is preferred, so that the recipe by itself has no idle key.
  const method = methods.find((name) => needsData(name)) ?? methods.at(0)
  if (method === undefined) return ['# Nothing is pruned again: the zeros of the pruned input stay as they are.']
  const lines = ['prune:', `  - method: ${method}`]
  if (pattern === 'unstructured') lines.push(`    sparsity: ${sparsity} # share of the weights to prune`)
  else lines.push(`    pattern: ${JSON.stringify(pattern)} # the smallest of every group along the inputs are pruned`)
  lines.push(...spreadLines(spreadIn(choices)))
  lines.push('    targets: [Linear] # every matrix inside the blocks')
  return lines
}

function spreadLines(spread: SpreadChoice): string[] {
  if (spread === defaultAllocation) return []
  const name = spread === 'tried' ? triedAllocation : spread
  const lines = [`    allocation: ${name} # ${allocationOf(name).about}`]
  return spread === 'tried'
    ? [...lines, `    ${name}: { spread: auto } # the best of three on ${triedWindows} windows`]
    : lines
}

/** It goes over the blocks, as pruning does. */
const isWalk = (mode: RecoverMode | undefined) => mode === 'reconstruct' || mode === 'refit'

function calibrates(choices: RecipeChoices): boolean {
  return choices.data !== null && (pruningLooks(choices) || choices.recoveries.some(isWalk))
}

function calibrationLines(choices: RecipeChoices): string[] {
  return ['calibration:', ...windowLines(choices).map((line) => `  ${line}`)]
}

/** What calibration and training read: the same windows. */
function windowLines({ data, secondData, field, samples, seqLen }: RecipeChoices): string[] {
  const both = data !== null && secondData ? [data, secondData].map((path) => JSON.stringify(path)) : null
  const files = both ? `[${both.join(', ')}] # half of the windows from each` : JSON.stringify(data)
  const named = field === null ? [] : [`field: ${JSON.stringify(field)}`]
  return [`data: ${files}`, ...named, `samples: ${samples}`, `seq_len: ${seqLen}`]
}

function recoverLines(choices: RecipeChoices): string[] {
  const parts = choices.recoveries.map((mode) => modeLines(mode, choices))
  if (parts.length === 0) return []
  if (parts.length === 1) return ['recover:', ...parts[0].map((line) => `  ${line}`)]
  return [
    'recover: # one after the other',
    ...parts.flatMap(([first, ...rest]) => [`  - ${first}`, ...rest.map((line) => `    ${line}`)]),
  ]
}

const modeComments: Record<RecoverMode, string> = {
  refit: 'least squares of the kept weights, a matrix at a time',
  reconstruct: 'block by block, towards the outputs of the dense block',
  retrain: 'through the whole model',
  merge: 'a LoRA that was trained elsewhere, under the mask',
}

function modeLines(mode: RecoverMode, choices: RecipeChoices): string[] {
  const { recoveries, train, steps, adapter, loss = 'text' } = choices
  if (mode === 'reconstruct' && recoveries.includes('retrain'))
    return [
      'mode: reconstruct # block by block, towards the states of the dense model',
      'targets: model',
      'train: [full] # every kept weight',
      `steps: ${steps} # for each block`,
    ]
  const lines = [`mode: ${mode} # ${modeComments[mode]}`]
  if (mode === 'refit') return lines
  if (mode === 'merge') return [...lines, `adapter: ${JSON.stringify(adapter ?? '')}`]
  lines.push(`train: [${train.join(', ')}]`, `steps: ${steps}${mode === 'reconstruct' ? ' # for each block' : ''}`)
  if (mode === 'reconstruct') return lines
  if (loss === 'half' && choosesLoss(choices))
    lines.push('loss: { dense: 0.5 } # half on the text, half on what the dense model predicts')
  return [...lines, ...windowLines(choices)]
}

function evaluateLines(choices: RecipeChoices): string[] {
  const { evaluateOn, evaluateOther, evaluationLen, recoveries, method } = choices
  if (evaluateOn === null) return ['# evaluate: name a held-out text here to see perplexity before and after.']
  const at = stagesOf(choices)
  const every = quarter(choices)
  const measured = (data: string, remark = '') => [
    '  - task: perplexity',
    `    data: ${JSON.stringify(data)}`,
    `    seq_len: ${evaluationLen}`,
    `    at: [${at.join(', ')}]${remark}`,
  ]
  const again = prunesAgain(choices)
    ? ' # pruned: one more pass that prunes, as blocks are recovered while they are'
    : ''
  return [
    `evaluate:${method === null ? ' # dense: before recovery, which is the pruned input' : ''}`,
    ...measured(evaluateOn, again),
    ...(every === null
      ? []
      : [`    every: ${every} # ${recoveries.includes('retrain') ? 'steps' : 'blocks'}, a quarter of all`]),
    ...(evaluateOther && trains(recoveries) ? measured(evaluateOther) : []),
  ]
}

function stagesOf({ method, recoveries }: RecipeChoices): string[] {
  return [...(method === null ? ['dense'] : ['dense', 'pruned']), ...(recoveries.length > 0 ? ['recovered'] : [])]
}

/** Steps, where any recovery takes steps over the whole model; else blocks. null: nothing is measured in between. */
function quarter(choices: RecipeChoices): number | null {
  const { recoveries, steps, blocks, loss, evaluationTokens = null } = choices
  if (recoveries.every((mode) => mode === 'merge')) return null
  const all = recoveries.includes('retrain') ? steps : blocks
  if (all === null || all < 4 || evaluationTokens === null) return null
  const every = Math.ceil(all / 4)
  const run = {
    ...choices,
    evaluationTokens,
    pruningLooks: pruningLooks(choices),
    comparesWithDense: loss === 'half' && choosesLoss(choices),
    stages: stagesOf(choices).length,
  }
  return isCheapToMeasure(run, every) ? every : null
}

/** The first recovery shares the walk of pruning, so that the pruned model is there only after a pass of its own. */
function prunesAgain({ method, recoveries: [first] }: RecipeChoices): boolean {
  return method !== null && isWalk(first)
}

/** A mask does not give back the model of a method that changes the kept weights: it is saved. In a sweep that would be one a run. */
function prunedLines(choices: RecipeChoices): string[] {
  const corrects = methodsIn(choices).some((name) => methodOf(name).corrects)
  if (!corrects || choices.recoveries.length === 0 || choices.compare) return []
  return [`  pruned: ${JSON.stringify(prunedPlace(choices.saveTo))} # the model before recovery, to be compared with`]
}

/** Where a recipe has the model before recovery saved. */
export function prunedPlace(saveTo: string): string {
  return `${saveTo.replace(/[\\/]+$/, '')}-pruned`
}

function sweepLines({ compare, recoveries }: RecipeChoices): string[] {
  if (!compare) return []
  const first = recoveries.findIndex(isTraining)
  const path = compare.path === 'recover.lr' && recoveries.length > 1 ? `recover.${first}.lr` : compare.path
  const values = compare.values.map((value) => (typeof value === 'number' ? numberText(value) : value))
  return ['sweep: # a run for each value; each saves to a folder of its own', `  ${path}: [${values.join(', ')}]`]
}
