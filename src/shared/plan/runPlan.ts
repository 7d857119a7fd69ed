// Everything about a run that can be known, and refused, before it begins. Run, dry run and estimates start from it.
import type { ModelConfig } from '../families/modelConfig.ts'
import { blockLinears, blockParameters } from '../families/parameters.ts'
import { largest } from '../format/lists.ts'
import type { ResolvedRecipe } from '../recipe/resolve.ts'
import { PlanError } from './planError.ts'
import {
  checkEntries,
  lookAtData,
  plannedAllocations,
  pruneEntries,
  type PlannedAllocation,
  type PruneEntry,
} from './pruneEntries.ts'
import { selectTrainable, setOfBlock, type Trainable } from './selectTrainable.ts'
import { countParameters, countTrainable, headModule, sizeOf, type TrainableSet } from './trainable.ts'

export interface RunPlan {
  readonly entries: readonly PruneEntry[]
  /** Of the entries whose sparsities are decided by what the dense model shows. */
  readonly allocations: readonly PlannedAllocation[]
  /** null: the recipe recovers nothing. */
  readonly trainable: Trainable | null
  readonly count: { readonly count: number; readonly percent: number } | null
  readonly reconstructs: boolean
  readonly retrains: boolean
  /** Least squares of the kept weights, while blocks are pruned. */
  readonly refits: boolean
  /** Recovery happens while blocks are pruned. */
  readonly blockwise: boolean
  readonly needsCalibration: boolean
  /** A tied head that is trained gets weights of its own. */
  readonly untiesHead: boolean
  readonly sizes: PlanSizes
}

/** Numbers that are in memory at once: of one block, or of all that trains. */
export interface PlanSizes {
  /** Parameters of the largest block. */
  readonly blockParameters: number
  /** Numbers that train at once, adapters included. */
  readonly trainable: number
  /** Weights that train under an adapter at once: each has an f32 effective weight beside it. */
  readonly adapted: number
}

/** @throws PlanError: what is missing, or cannot be done with this model. */
export function planRun(recipe: ResolvedRecipe, config: ModelConfig): RunPlan {
  const linears = blockLinears(config)
  const modules = linears.map(({ name, block, kind }) => ({ name, block, className: kind }))
  const entries = pruneEntries(recipe.prune, modules, config.numBlocks)
  checkEntries(entries, new Map(linears.map(({ name, shape }) => [name, shape])))
  const allocations = plannedAllocations(recipe.prune, entries)
  const { recover } = recipe
  const reconstructs = recover?.mode === 'reconstruct'
  const retrains = recover?.mode === 'retrain'
  const refits = recover?.mode === 'refit'
  const blockwise = reconstructs || refits
  const trainable = recover && !refits ? selectTrainable(config, recover) : null
  if (refits && entries.length === 0)
    throw new PlanError(
      'recover.mode: refit fits the kept weights to the dense ones of the same run, so it needs `prune`; of a model that is pruned already the dense weights are gone',
    )
  if (reconstructs && entries.length === 0)
    throw new PlanError(
      'recover.mode: reconstruct trains a pruned block towards the dense one, so it needs `prune`; for a model that is pruned already, use mode: retrain',
    )
  if (retrains && recover.data === undefined)
    throw new PlanError('recover.data is missing: retraining needs text or ids to train on')
  const needsCalibration = blockwise || lookAtData(entries) || allocations.length > 0
  if (needsCalibration && !recipe.calibration)
    throw new PlanError('calibration is missing: these methods look at data, so set calibration.data')
  checkLengths(recipe, config)
  const rank = recover?.lora.rank ?? 1
  const count = trainable && countTrainable(trainable, rank)
  return {
    entries,
    allocations,
    trainable,
    count: count === null ? null : { count, percent: (100 * count) / countParameters(config) },
    reconstructs,
    retrains,
    refits,
    blockwise,
    needsCalibration,
    untiesHead: config.tied && retrains && trainable?.adapted.some(({ name }) => name === headModule(config)) === true,
    sizes: planSizes(config, trainable, rank, reconstructs),
  }
}

/** null for a recipe that cannot run: lint says why. */
export function planIfPossible(recipe: ResolvedRecipe, config: ModelConfig): RunPlan | null {
  try {
    return planRun(recipe, config)
  } catch (error) {
    if (error instanceof PlanError) return null
    throw error
  }
}

/** A table of learned positions has no row for what lies beyond it. */
function checkLengths({ calibration, recover, evaluate }: ResolvedRecipe, config: ModelConfig): void {
  if (config.position.kind !== 'learned') return
  const uses = [
    ['calibration', calibration?.seq_len],
    ['recover', recover?.mode === 'retrain' ? recover.seq_len : undefined],
    ...evaluate.map(({ seq_len: seqLen }, i) => [`evaluate.${i}`, seqLen] as const),
  ] as const
  for (const [where, seqLen] of uses)
    if (seqLen !== undefined && seqLen > config.maxPositions)
      throw new PlanError(
        `${where}.seq_len: ${seqLen} tokens are more than the model's ${config.maxPositions} learned positions; use at most ${config.maxPositions}`,
      )
}

export function planSizes(
  config: ModelConfig,
  set: TrainableSet | null,
  rank: number,
  reconstructs: boolean,
): PlanSizes {
  const blocks = Array.from({ length: config.numBlocks }, (_, block) => block)
  const parts = !set ? [] : reconstructs ? blocks.map((block) => setOfBlock(config, set, block)) : [set]
  const weights = ({ adapted }: TrainableSet) => adapted.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  return {
    blockParameters: largest(blocks, 0, (block) => parametersOf(config, block)),
    trainable: largest(parts, 0, (part) => countTrainable(part, rank)),
    adapted: largest(parts, 0, weights),
  }
}

function parametersOf(config: ModelConfig, block: number): number {
  return blockParameters(config, block).reduce((sum, { shape }) => sum + sizeOf(shape), 0)
}
