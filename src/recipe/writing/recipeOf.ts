// The recipe that choices make: what follows from them is filled in, such as where to measure and what to save.
import { defaultAllocation } from '../../catalog/allocations/allocations.ts'
import { methodOf, needsData, type MethodName } from '../../catalog/methods/methods.ts'
import type { Stage } from '../../catalog/stages.ts'
import { unstructured } from '../defaults.ts'
import { isTraining, isBlockwise } from '../modes.ts'
import { resolvePruneStep, resolveRecipe, stepNeedsData, type ResolvedRecipe } from '../resolve.ts'
import type { PruneStep, Recipe, Recover } from '../schema.ts'
import { defaultSeed } from '../settings/recipe.ts'
import { prunedPlace, spreadIn, type RecipeChoices } from './choices.ts'

export interface KnownOfRun {
  readonly saveTo: string
  /** Blocks of the model; null: not known. */
  readonly blocks: number | null
  /** About how many tokens the held-out text has; null: not known, and nothing is measured in the middle of a recovery. */
  readonly evaluationTokens: number | null
}

export function recipeOf(choices: RecipeChoices, known: KnownOfRun): Recipe {
  const { model, calibration, compare, recover } = choices
  const { saveTo } = known
  const step = stepOf(choices)
  const [first, ...others] = calibration.data
  const windows = first === undefined ? null : { ...calibration, data: others.length > 0 ? [first, ...others] : first }
  const recoveries = recover.map((one): Recover => {
    if (one.mode !== 'retrain') return one
    // A model that is pruned already is retrained on the text alone, because its dense model is unknown.
    const { loss, ...rest } = one
    return { ...rest, ...windows, ...(loss !== undefined && step && { loss }) }
  })
  const looks = recover.some(isBlockwise) || (step !== null && stepNeedsData(resolvePruneStep(step)))
  // If a method changes the kept weights, the mask cannot restore the pruned model, so it is saved; but not for each run of a sweep.
  const savesPruned = step !== null && recover.length > 0 && !compare && methodOf(step.method).corrects
  const recipe: Recipe = {
    version: 1,
    model,
    ...(step && { prune: [step] }),
    ...(looks && windows && { calibration: windows }),
    seed: defaultSeed,
    ...(recoveries.length > 0 && { recover: recoveries.length > 1 ? recoveries : recoveries[0] }),
    save: { ...choices.save, to: saveTo, ...(savesPruned && { pruned: prunedPlace(saveTo) }) },
    ...(compare && { sweep: { [comparedPath(choices)]: [...compare.values] } }),
  }
  return { ...recipe, ...evaluationOf(choices, resolveRecipe(recipe), known) }
}

type Step = PruneStep & { readonly method: MethodName }

/** The pruning step. If several methods are compared, it has one that uses the calibration, so that no key of the recipe is unused. */
function stepOf({ prune, compare }: RecipeChoices): Step | null {
  if (prune === null) return null
  const { sparsity, pattern, allocation: _, ...keys } = prune
  const names = compare?.path === 'prune.0.method' ? (compare.values as readonly MethodName[]) : [prune.method]
  const method = names.find(needsData) ?? names.at(0) ?? prune.method
  if (pattern !== unstructured) return { method, pattern }
  const allocation = spreadIn({ prune, compare })
  return { ...keys, method, sparsity, ...(allocation !== defaultAllocation && { allocation }) }
}

/** `recover.lr` of several recoveries is that of the first that trains. */
function comparedPath({ compare, recover }: RecipeChoices): string {
  if (compare?.path !== 'recover.lr' || recover.length < 2) return compare?.path ?? ''
  return `recover.${recover.findIndex(({ mode = 'reconstruct' }) => isTraining(mode))}.lr`
}

function evaluationOf({ evaluate }: RecipeChoices, recipe: ResolvedRecipe, known: KnownOfRun): Partial<Recipe> {
  const { prune, recover } = recipe
  const at: Stage[] = ['dense', ...(prune.length > 0 ? ['pruned' as const] : [])]
  if (recover.length > 0) at.push('recovered')
  const every = quarterOf(recipe, known, at.length)
  const [data, other] = evaluate.data
  if (data === undefined) return {}
  const first = { ...evaluate, task: 'perplexity' as const, data, at }
  const second = other !== undefined && recover.some(({ mode }) => isTraining(mode)) ? [{ ...first, data: other }] : []
  return { evaluate: [{ ...first, ...(every !== null && { every }) }, ...second] }
}

/** Largest share of a run that measurements in its middle may take. */
const mostShare = 0.1

/**
 * Steps or blocks between measurements: a quarter of the steps if a recovery retrains the whole model, else of the blocks. null if
 * measuring that often would take more than a tenth of the run. Work is counted in tokens that pass forward through the whole model,
 * with a backward pass as two: the answer is the same on every machine.
 */
function quarterOf(recipe: ResolvedRecipe, { blocks, evaluationTokens }: KnownOfRun, stages: number): number | null {
  const { recover } = recipe
  const retrainings = recover.filter(({ mode }) => mode === 'retrain')
  // Recoveries of blocks that follow each other share a pass, whose last block ends it.
  const passes = recover.filter((one, i) => isBlockwise(one) && !(i > 0 && isBlockwise(recover[i - 1])))
  const all =
    retrainings.length > 0 ? Math.max(...retrainings.map(({ steps }) => steps)) : passes.length > 0 ? blocks : 0
  if (all === null || all < 4 || evaluationTokens === null) return null
  const every = Math.ceil(all / 4)
  const times =
    retrainings.reduce((sum, { steps }) => sum + Math.floor(steps / every), 0) +
    passes.length * Math.floor(((blocks ?? 1) - 1) / every)
  const between = times * evaluationTokens
  return between <= mostShare * (between + stages * evaluationTokens + tokensOf(recipe)) ? every : null
}

/** Work of pruning and recovering, in tokens of a forward pass. What pruning computes from its statistics is not counted. */
function tokensOf({ prune, calibration, recover }: ResolvedRecipe): number {
  const { samples, seq_len: length } = calibration ?? { samples: 0, seq_len: 0 }
  // Once through the dense blocks, once through the pruned ones.
  const pass = 2 * samples * length
  return recover.reduce(
    (sum, { mode, steps, batch_size: batch, grad_accumulation: batches, seq_len: own, loss }) => {
      const trained = steps * batch * batches * (mode === 'retrain' ? own : length)
      // A reconstruction measures errors before and after, and trains each block for all steps. The dense model's loss adds a forward pass.
      const tokens = { merge: 0, refit: pass, reconstruct: 2 * pass + 3 * trained, retrain: (loss ? 4 : 3) * trained }
      return sum + tokens[mode]
    },
    prune.some(stepNeedsData) ? pass : 0,
  )
}
