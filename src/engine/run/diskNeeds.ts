// Bytes that a run is going to write, from its plan: the result, and the state by which it can be resumed.
import { headWeightName } from '../../shared/families/parameters.ts'
import type { ResolvedRecipe } from '../../shared/recipe/resolve.ts'
import type { Model } from '../model/model.ts'
import type { TrainableSet } from '../recover/trainables.ts'
import { headModule } from '../recover/selectTrainable.ts'
import type { RunPlan } from './runPlan.ts'

/** The saved folder: all tensors in their types, a mask bit for each pruned weight, a head that is no longer tied. */
export function resultBytes({ checkpoint, config }: Model, plan: RunPlan): number {
  const tensors = bytesOf(checkpoint, checkpoint.tensors.keys())
  return (
    tensors +
    maskBytes(checkpoint, plan) +
    (untiesHead({ config }, plan) ? bytesOf(checkpoint, [headWeightName(config)]) : 0)
  )
}

/** A tied head that is trained gets weights of its own. */
export function untiesHead({ config }: Pick<Model, 'config'>, { retrains, trainable }: RunPlan): boolean {
  return config.tied && retrains && trainable?.adapted.some(({ name }) => name === headModule(config)) === true
}

/** Finished blocks, the optimiser's file twice (it is replaced by a new one), and what is measured beside the run. */
export function stateBytes(recipe: ResolvedRecipe, { checkpoint }: Model, plan: RunPlan): number {
  const { entries, trainable, reconstructs, retrains, count } = plan
  const pruned = entries.flatMap(({ sparsities }) => [...sparsities.keys()].map((name) => `${name}.weight`))
  const trained = changedBy(trainable)
  const size = (names: Iterable<string>) => bytesOf(checkpoint, names)
  const masks = maskBytes(checkpoint, plan)
  const blocks = size([...pruned, ...(reconstructs ? trained : [])]) + masks
  const baseline = reconstructs && recipe.evaluate.some(({ at }) => at.includes('pruned')) ? size(pruned) + masks : 0
  const merged = retrains ? size(trained) + masks : 0
  const optimiser = retrains ? 2 * momentBytes * (count?.count ?? 0) : 0
  return blocks + baseline + merged + optimiser
}

/** A value and its two moments, F32. */
const momentBytes = 12

function changedBy(set: TrainableSet | null): string[] {
  if (!set) return []
  return [...set.direct.map(({ name }) => name), ...set.adapted.map(({ name }) => `${name}.weight`)]
}

function maskBytes(checkpoint: Model['checkpoint'], { entries }: RunPlan): number {
  const weights = entries.flatMap(({ sparsities }) => [...sparsities.keys()])
  return weights.reduce((sum, name) => {
    const shape = checkpoint.tensors.get(`${name}.weight`)?.shape ?? []
    return sum + Math.ceil(shape.reduce((a, b) => a * b, 1) / 8)
  }, 0)
}

function bytesOf(checkpoint: Model['checkpoint'], names: Iterable<string>): number {
  return [...new Set(names)].reduce((sum, name) => sum + (checkpoint.tensors.get(name)?.bytes ?? 0), 0)
}
