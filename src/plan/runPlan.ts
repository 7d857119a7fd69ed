// Everything about a run that can be known, and refused, before it begins. Run, dry run and estimates start from it.
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import { blockLinears, blockParameters } from '../catalog/families/parameters.ts'
import { largest } from '../formatting/lists.ts'
import { isTraining } from '../recipe/modes.ts'
import { recoveryPlace, type ResolvedRecipe, type ResolvedRecover } from '../recipe/resolve.ts'
import { isBlockwise } from '../recipe/modes.ts'
import { groupPasses, type Passes } from './passes.ts'
import { type ModelView, viewModel } from './modelView.ts'
import type { PlanFinding } from './planFinding.ts'
import { planFindings } from './planFindings.ts'
import {
  lookAtData,
  type PlannedAllocation,
  plannedAllocations,
  type PlannedLinear,
  type PlannedTrial,
  plannedTrials,
  pruneEntries,
  type PruneEntry,
} from './pruneEntries.ts'
import {
  countParameters,
  countTrainable,
  headModule,
  setOfBlock,
  sizeOf,
  trainableSet,
  type TrainableSet,
} from './trainable.ts'
import type { MachineFacts, ModelFacts } from '../recipe/facts.ts'

export interface RunPlan {
  readonly entries: readonly PruneEntry[]
  /** Entries whose sparsities are decided by statistics of the dense model. */
  readonly allocations: readonly PlannedAllocation[]
  /** Entries whose sparsities are found by trying. */
  readonly trials: readonly PlannedTrial[]
  /** Recoveries in the recipe's order. */
  readonly recoveries: readonly PlannedRecovery[]
  /** The same by passes over the model. */
  readonly passes: Passes<PlannedRecovery>
  /** Count of the recovery that trains most; null: nothing trains. */
  readonly count: TrainableCount | null
  readonly needsCalibration: boolean
  /** A tied head that is trained gets weights of its own. */
  readonly untiesHead: boolean
}

/** `percent` of all base parameters. */
export interface TrainableCount {
  readonly count: number
  readonly percent: number
}

export interface PlannedRecovery {
  /** Index in the recipe's list. */
  readonly index: number
  /** Its path in the recipe: `recover`, or `recover.1` of several. */
  readonly place: string
  readonly settings: ResolvedRecover
  /** Both null: it trains nothing, but solves for the weights, or merges an adapter. */
  readonly trainable: TrainableSet | null
  readonly count: TrainableCount | null
  /** A tied head that it trains gets weights of its own. */
  readonly untiesHead: boolean
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

/** Plans a run; the plan is null where something is refused. `findings` hold errors and warnings. */
export function planRun(
  recipe: ResolvedRecipe,
  model: ModelView,
): { plan: RunPlan | null; findings: readonly PlanFinding[] } {
  const findings = planFindings(recipe, model)
  return { plan: findings.some(({ refused }) => refused) ? null : plannedRun(recipe, model.config), findings }
}

/** Plans a recipe in which nothing is refused. */
function plannedRun(recipe: ResolvedRecipe, config: ModelConfig): RunPlan {
  const modules = plannedLinears(config)
  const ofSteps = pruneEntries(recipe.prune, modules, config.numBlocks)
  const entries = ofSteps.filter(({ sparsities }) => sparsities.size > 0)
  const allocations = plannedAllocations(recipe.prune, ofSteps)
  const trials = plannedTrials(recipe.prune, ofSteps, modules)
  const recoveries: PlannedRecovery[] = []
  let { tied } = config
  for (const index of recipe.recover.keys()) {
    const recovery = plannedRecovery(recipe, index, { ...config, tied })
    recoveries.push(recovery)
    // Once its head has weights of its own, a model is no longer tied.
    if (recovery.untiesHead) tied = false
  }
  const counts = recoveries.flatMap(({ count }) => count ?? [])
  return {
    entries,
    allocations,
    trials,
    recoveries,
    passes: groupPasses(recoveries, entries.length > 0, ({ settings }) => settings),
    count: counts.reduce<TrainableCount | null>((a, b) => (a && a.count >= b.count ? a : b), null),
    needsCalibration:
      recipe.recover.some(isBlockwise) || lookAtData(entries) || allocations.length > 0 || trials.length > 0,
    untiesHead: recoveries.some(({ untiesHead }) => untiesHead),
  }
}

/** All linears of the blocks. */
export function plannedLinears(config: ModelConfig): PlannedLinear[] {
  return blockLinears(config).map(({ name, block, kind, shape }) => ({
    name,
    block,
    className: kind,
    parameters: sizeOf(shape),
  }))
}

function plannedRecovery(recipe: ResolvedRecipe, index: number, config: ModelConfig): PlannedRecovery {
  const settings = recipe.recover[index]
  const trainable = isTraining(settings.mode) ? trainableSet(config, settings) : null
  const count = trainable && countTrainable(trainable, settings.lora.rank)
  return {
    index,
    place: recoveryPlace(recipe, index),
    settings,
    trainable,
    count: count === null ? null : { count, percent: (100 * count) / countParameters(config) },
    untiesHead: config.tied && trainable?.adapted.some(({ name }) => name === headModule(config)) === true,
  }
}

/** The largest of each size over these recoveries: they run one after the other. */
export function sizesOf(config: ModelConfig, recover: readonly ResolvedRecover[]): PlanSizes {
  const sizes = recover.map((one) =>
    planSizes(config, trainableSet(config, one), one.lora.rank, one.mode === 'reconstruct'),
  )
  return {
    blockParameters: planSizes(config, null, 1, false).blockParameters,
    trainable: largest(sizes, 0, ({ trainable }) => trainable),
    adapted: largest(sizes, 0, ({ adapted }) => adapted),
  }
}

/** null for a recipe that cannot run: lint says why. */
export function planIfPossible(recipe: ResolvedRecipe, config: ModelConfig): RunPlan | null {
  return planRun(recipe, viewModel(config)).plan
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

export type PlannedPrecision = 'f32' | 'bf16'

/** The precision of a run's products by the known facts (`computeIn` decides once the device is open). */
export function plannedPrecision(
  { precision }: Pick<ResolvedRecipe, 'precision'>,
  { modules, tensors }: Pick<ModelFacts, 'modules' | 'tensors'>,
  machine: Pick<MachineFacts, 'bf16'> | null,
): PlannedPrecision {
  if (precision !== 'auto') return precision
  const linears = modules.filter(({ kind, block }) => kind === 'linear' && block !== null)
  const narrow = linears.every(({ name }) => {
    const dtype = tensors.get(`${name}.weight`)?.dtype
    return dtype === 'BF16' || dtype === 'F16'
  })
  return machine?.bf16 && narrow ? 'bf16' : 'f32'
}
