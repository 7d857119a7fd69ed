// What a run writes, and its bytes: checkpoints, a GGUF file of the result, and the state by which it can be resumed.
import { ggufContents } from '../catalog/families/gguf/ggufContents.ts'
import type { GgufTypeName } from '../catalog/formats/gguf/ggmlTypes.ts'
import { headWeightName } from '../catalog/families/parameters.ts'
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import { elementBits } from '../catalog/formats/dtypes.ts'
import { largest, sum } from '../formatting/lists.ts'
import type { ModelFacts, TensorFacts } from '../recipe/facts.ts'
import type { ResolvedRecipe } from '../recipe/resolve.ts'
import { prunedNames } from './pruneEntry.ts'
import { planRun, type PlannedRecovery, type RunPlan } from './runPlan.ts'
import { viewModel } from './modelView.ts'
import { changedNames, sizeOf } from './trainable.ts'

/** `pruned`: the model before recovery; `gguf`: the result once more, as one file. */
export type OutputKind = 'pruned' | 'result' | 'gguf'

export interface Output {
  readonly kind: OutputKind
  /** Path as written in the recipe. */
  readonly to: string
}

/** In the order in which they are written. Without recovery the result is the pruned model, and is written once. */
export function outputsOf({ save, prune, recover }: Pick<ResolvedRecipe, 'save' | 'prune' | 'recover'>): Output[] {
  if (!save) return []
  const before = save.pruned !== undefined && prune.length > 0 && recover.length > 0 ? save.pruned : null
  return [
    ...(before === null ? [] : [{ kind: 'pruned', to: before } as const]),
    { kind: 'result', to: save.to },
    ...(save.format === 'gguf' ? [{ kind: 'gguf', to: ggufPlace(save.to) } as const] : []),
  ]
}

/** The GGUF file of a result is beside its folder. */
export function ggufPlace(to: string): string {
  return `${to.replace(/(?<=[^\\/])[\\/]+$/, '')}.gguf`
}

/** Whether the model before recovery is saved too. */
export function savesPruned(recipe: Pick<ResolvedRecipe, 'save' | 'prune' | 'recover'>): boolean {
  return outputsOf(recipe).some(({ kind }) => kind === 'pruned')
}

/** The facts about a model that the estimate needs: its tensors as the files store them. */
export interface StoredModel {
  readonly config: ModelConfig
  readonly tensors: ReadonlyMap<string, TensorFacts>
}

/**
 * A saved folder: all tensors in their types, a mask bit for each pruned weight, in the result a head that is no longer
 * tied. A GGUF file: its tensors.
 */
export function outputBytes(
  { tensors, config }: StoredModel,
  plan: RunPlan,
  type: GgufTypeName | undefined,
  kind: OutputKind,
): number {
  if (kind === 'gguf') return ggufBytes({ tensors, config: savedConfig(config, plan) }, type)
  const head = plan.untiesHead && kind === 'result' ? bytesOf(tensors, [headWeightName(config)]) : 0
  return bytesOf(tensors, tensors.keys()) + maskBytes(tensors, plan) + head
}

/** Training the head of a tied model gives it weights of its own. */
function savedConfig(config: ModelConfig, { untiesHead }: Pick<RunPlan, 'untiesHead'>): ModelConfig {
  return untiesHead ? { ...config, tied: false } : config
}

function ggufBytes({ tensors, config }: StoredModel, given: GgufTypeName | undefined): number {
  const contents = ggufContents(config, (name) => tensors.get(name)?.dtype, given)
  if (typeof contents === 'string') return 0
  return contents.tensors.reduce((sum, { shape, type }) => sum + (sizeOf(shape) / type.block) * type.bytes, 0)
}

/** Bytes that `save` will take. For a recipe that cannot run, masks are not counted. */
export function estimateDisk(recipe: ResolvedRecipe, { modelConfig: config, tensors }: ModelFacts): number {
  const { save } = recipe
  if (!save || !config) return 0
  const { plan } = planRun(recipe, viewModel(config))
  return outputsOf(recipe).reduce((sum, { kind }) => {
    return sum + (plan ? outputBytes({ config, tensors }, plan, save.type, kind) : bytesOf(tensors, tensors.keys()))
  }, 0)
}

/** Finished blocks, the optimiser's file twice (it is replaced by a new one), and what is measured beside the run. */
export function stateBytes(recipe: ResolvedRecipe, { tensors }: StoredModel, plan: RunPlan): number {
  const { entries, recoveries, passes } = plan
  const { whilePruning, later } = passes
  const pruned = [...prunedNames(entries)].map((name) => `${name}.weight`)
  const all = [...tensors.keys()]
  const changed = (by: readonly PlannedRecovery[]) => by.flatMap((one) => changedBy(one, pruned, all))
  const masks = maskBytes(tensors, plan)
  const blocks = bytesOf(tensors, [...pruned, ...changed(whilePruning)]) + masks
  const wanted = savesPruned(recipe) || recipe.evaluate.some(({ at }) => at.includes('pruned'))
  const baseline = wanted && whilePruning.length > 0 ? bytesOf(tensors, pruned) + masks : 0
  const merged = later.map((pass) => bytesOf(tensors, changed(pass.recoveries)) + masks)
  const moments = recoveries.map(({ settings, count }) => (settings.mode === 'retrain' ? (count?.count ?? 0) : 0))
  const optimiser = 2 * momentBytes * largest(moments, 0, (count) => count)
  return sum([...merged, blocks, baseline, optimiser])
}

/** A value and its two moments, F32. */
const momentBytes = 12

/**
 * Names of the tensors that a recovery writes: what it trains, or the pruned weights that it solves for. For a merge all, since
 * only the adapter's file says which.
 */
function changedBy(
  { trainable: set, settings }: PlannedRecovery,
  pruned: readonly string[],
  all: readonly string[],
): readonly string[] {
  if (settings.mode === 'merge') return all
  return set ? changedNames(set) : pruned
}

function maskBytes(tensors: StoredModel['tensors'], { entries }: RunPlan): number {
  const weights = entries.flatMap(({ sparsities }) => [...sparsities.keys()])
  return weights.reduce((sum, name) => sum + Math.ceil(sizeOf(tensors.get(`${name}.weight`)?.shape ?? []) / 8), 0)
}

/** Bytes of these tensors as the files store them. */
export function bytesOf(tensors: StoredModel['tensors'], names: Iterable<string>): number {
  return [...new Set(names)].reduce((sum, name) => {
    const tensor = tensors.get(name)
    return sum + (tensor ? Math.ceil((sizeOf(tensor.shape) * elementBits(tensor.dtype)) / 8) : 0)
  }, 0)
}
