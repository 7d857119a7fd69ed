// Everything about a run that can be known, and refused, before it begins. Run, dry run and estimates start from it.
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import { blockLinears } from '../catalog/families/parameters.ts'
import { parseNm } from '../catalog/formats/sparsity.ts'
import { methodKeyNames } from '../catalog/methods/keys.ts'
import { selectModules } from '../recipe/match.ts'
import { isBlockwise, isTraining } from '../recipe/modes.ts'
import {
  decidesInRun,
  recoveryPlace,
  type ResolvedPruneStep,
  type ResolvedRecipe,
  type ResolvedRecover,
  sparsityOfBlock,
} from '../recipe/resolve.ts'
import { groupPasses, type Passes } from './passes.ts'
import type { ModelView } from './modelView.ts'
import type { PlanFinding } from './planFinding.ts'
import { planFindings } from './planFindings.ts'
import {
  lookAtData,
  measureOf,
  type PlannedLinear,
  type PruneEntry,
  settledSettings,
  spreadSparsity,
  spreadSparsities,
  trialOf,
} from './pruneEntry.ts'
import { countParameters, countTrainable, headModule, sizeOf, trainableSet, type TrainableSet } from './trainable.ts'

export interface RunPlan {
  readonly entries: readonly PruneEntry[]
  /** Recoveries in the recipe's order. */
  readonly recoveries: readonly PlannedRecovery[]
  /** The recoveries grouped into passes over the model. */
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
  /** Both are null for a recovery that trains nothing: it solves for the weights, or merges an adapter. */
  readonly trainable: TrainableSet | null
  readonly count: TrainableCount | null
  /** A tied head that it trains gets weights of its own. */
  readonly untiesHead: boolean
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
  const ofSteps = pruneEntries(recipe.prune, plannedLinears(config), config.numBlocks)
  const entries = ofSteps.filter(({ sparsities }) => sparsities.size > 0)
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
    recoveries,
    passes: groupPasses(recoveries, entries.length > 0, ({ settings }) => settings),
    count: counts.reduce<TrainableCount | null>((a, b) => (a && a.count >= b.count ? a : b), null),
    needsCalibration:
      recipe.recover.some(isBlockwise) || lookAtData(entries) || entries.some(({ measure, trial }) => measure || trial),
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

/**
 * One entry per step, with its targets matched and its sparsity spread over the depth. A linear that an earlier step prunes in the
 * same way is left out of later ones, which may have none left.
 */
export function pruneEntries(
  steps: readonly ResolvedPruneStep[],
  linears: readonly PlannedLinear[],
  numBlocks: number,
): PruneEntry[] {
  const entries: PruneEntry[] = []
  /** Names of the linears that earlier steps prune, by the way in which they do. */
  const pruned = new Map<string, Set<string>>()
  for (const [i, step] of steps.entries()) {
    const way = JSON.stringify({ ...step, targets: [], ignore: [] })
    const before = pruned.get(way) ?? new Set()
    const own = selectModules(linears, step.targets, step.ignore).filter(({ name }) => !before.has(name))
    const sparsities = sparsitiesOf(step, own, numBlocks)
    for (const name of sparsities.keys()) before.add(name)
    pruned.set(way, before)
    entries.push({
      method: step.method,
      sparsities,
      pattern: parseNm(step.pattern),
      scope: step.scope,
      selection: step.selection,
      settings: Object.fromEntries(methodKeyNames.map((key) => [key, step[key]])),
      swaps: step.swaps,
      reorder: step.reorder,
      measure: measureOf(step),
      trial: trialOf(step, i, own),
    })
  }
  return entries
}

/** Sparsities by linear as known before the run; where the run decides, the mean. */
function sparsitiesOf(step: ResolvedPruneStep, linears: readonly PlannedLinear[], numBlocks: number) {
  const spread = spreadSparsity(step)
  if (spread !== null && !decidesInRun(step)) return spreadSparsities(step, linears, spread, settledSettings(step))
  return new Map(linears.map(({ name, block }) => [name, sparsityOfBlock(step.sparsity, block, numBlocks)]))
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
