// The recipe that New Recipe and the form of Prune… write: complete, commented, ready to be changed and run again.
import { needsData, type MethodName } from '../../methods/methods.ts'
import type { RecoverMode } from '../schema.ts'

export interface RecipeChoices {
  /** All paths as they stand in the recipe: relative to it. */
  model: string
  /** null: the model is pruned already, and only recovered. */
  method: MethodName | null
  /** "unstructured" or "2:4". */
  pattern: string
  sparsity: number
  /** Recoveries in their order; an empty list only prunes. */
  recoveries: readonly RecoverMode[]
  train: string[]
  /** Calibration text, and training text when the whole model is retrained; null when nothing needs data. */
  data: string | null
  /** Held-out text to measure perplexity on; null: none was found. */
  evaluateOn: string | null
  /** Key of the text column or id tensor; null: the default. */
  field: string | null
  seqLen: number
  /** Tokens of a window of the evaluation. */
  evaluationLen: number
  samples: number
  steps: number
  saveTo: string
  /** Left out: one run. */
  compare?: Comparison
}

/** A setting and the values to try: a run for each. */
export type Comparison =
  | { readonly path: 'prune.0.sparsity' | 'seed'; readonly values: readonly number[] }
  | { readonly path: 'prune.0.method'; readonly values: readonly MethodName[] }

/** Methods that prune in any of the runs; none where the model is pruned already. */
export function methodsIn({ method, compare }: Pick<RecipeChoices, 'method' | 'compare'>): readonly MethodName[] {
  if (compare?.path === 'prune.0.method') return compare.values
  return method === null ? [] : [method]
}

/** The recipe looks at text: to calibrate on, or to train on. */
export function looksAtText(choices: Pick<RecipeChoices, 'method' | 'compare' | 'recoveries'>): boolean {
  return methodsIn(choices).some((method) => needsData(method)) || choices.recoveries.length > 0
}

/** Something is learnt by gradient steps. */
export function trains(recoveries: readonly RecoverMode[]): boolean {
  return recoveries.some((mode) => mode !== 'refit')
}

/** YAML 1.2. Every string is quoted as JSON, which is YAML. */
export function recipeText(choices: RecipeChoices): string {
  const lines = [
    '# What to prune, how to recover it, where to save it. Hover a key to see what it means.',
    'version: 1',
    `model: ${JSON.stringify(choices.model)}${choices.method === null ? ' # the pruned input' : ''}`,
    ...pruneLines(choices),
    ...(calibrates(choices) ? dataLines(choices) : []),
    'seed: 0',
    ...recoverLines(choices),
    ...evaluateLines(choices),
    'save:',
    `  to: ${JSON.stringify(choices.saveTo)} # never overwrites: it must not exist yet`,
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
  lines.push('    targets: [Linear] # every matrix inside the blocks')
  return lines
}

function calibrates(choices: RecipeChoices): boolean {
  const fits = methodsIn(choices).some((method) => needsData(method))
  return choices.data !== null && (fits || choices.recoveries.some((mode) => mode !== 'retrain'))
}

function dataLines({ data, field, samples, seqLen }: RecipeChoices): string[] {
  const lines = ['calibration:', `  data: ${JSON.stringify(data)}`]
  if (field !== null) lines.push(`  field: ${JSON.stringify(field)}`)
  return [...lines, `  samples: ${samples}`, `  seq_len: ${seqLen}`]
}

function recoverLines({ recoveries, ...choices }: RecipeChoices): string[] {
  const parts = recoveries.map((mode) => modeLines(mode, choices))
  if (parts.length === 0) return []
  if (parts.length === 1) return ['recover:', ...parts[0].map((line) => `  ${line}`)]
  return ['recover: # one after the other', ...parts.flatMap(([first, ...rest]) => [`  - ${first}`, ...rest.map((line) => `    ${line}`)])] // prettier-ignore
}

const modeComments: Record<RecoverMode, string> = {
  refit: 'least squares of the kept weights, a matrix at a time',
  reconstruct: 'block by block, towards the outputs of the dense block',
  retrain: 'the whole model, on the next-token loss',
}

function modeLines(mode: RecoverMode, choices: Omit<RecipeChoices, 'recoveries'>): string[] {
  const { train, steps, data, field, samples, seqLen } = choices
  const lines = [`mode: ${mode} # ${modeComments[mode]}`]
  if (mode === 'refit') return lines
  lines.push(`train: [${train.join(', ')}]`, `steps: ${steps}${mode === 'reconstruct' ? ' # for each block' : ''}`)
  if (mode === 'reconstruct') return lines
  lines.push(`data: ${JSON.stringify(data)}`)
  if (field !== null) lines.push(`field: ${JSON.stringify(field)}`)
  return [...lines, `samples: ${samples}`, `seq_len: ${seqLen}`]
}

function evaluateLines({ evaluateOn, evaluationLen, recoveries, method }: RecipeChoices): string[] {
  if (evaluateOn === null) return ['# evaluate: name a held-out text here to see perplexity before and after.']
  const at = recoveries.length === 0 ? '[dense, pruned]' : '[dense, recovered]'
  const heading = method === null ? ['evaluate: # dense: before recovery, which is the pruned input'] : ['evaluate:']
  return [
    ...heading,
    `  - {task: perplexity, data: ${JSON.stringify(evaluateOn)}, seq_len: ${evaluationLen}, at: ${at}}`,
  ]
}

function sweepLines({ compare }: RecipeChoices): string[] {
  if (!compare) return []
  return ['sweep: # a run for each value; each saves to a folder of its own', `  ${compare.path}: [${compare.values.join(', ')}]`] // prettier-ignore
}
