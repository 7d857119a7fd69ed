// Everything about a run except its results: what `run --dry-run`, the trainable map and the editor's lenses show.
import { isAdapterName } from '../catalog/adapters/adapters.ts'
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import type { Role } from '../catalog/families/tensorRoles.ts'
import { largest } from '../formatting/lists.ts'
import type { PlannedSpread, PlanRow, PlanSummary, RecoverySummary } from './planSummary.ts'
import { moduleOfWeight, type Parameter } from '../catalog/families/parameters.ts'
import type { LintFacts } from '../recipe/facts.ts'
import type { Finding, Severity } from '../recipe/finding.ts'
import { decidesInRun, recoveryPlace, type ResolvedRecipe } from '../recipe/resolve.ts'
import { beyondBudget, beyondDevice, estimateMemory, leastMemory } from './memory.ts'
import { viewModel } from './modelView.ts'
import { spreadSparsity } from './pruneEntry.ts'
import { plannedLinears, pruneEntries } from './runPlan.ts'
import { trainablePercentage, type TrainableRow, trainableRows } from './trainable.ts'
import { estimateDisk } from './outputs.ts'
import { secondsOfParts, timedParts } from './time.ts'

/** `recipePath` is only shown. Without a usable model the plan has no rows, and `errors` says why. */
export function planRecipe(
  recipePath: string,
  recipe: ResolvedRecipe,
  facts: LintFacts,
  findings: readonly Finding[],
): PlanSummary {
  const { model } = facts
  const config = model?.modelConfig ?? null
  const sparsities = config ? sparsitiesOf(recipe, config) : new Map<string, number>()
  const view = config && model ? viewModel(config, model.modules) : null
  const pruned = new Set(recipe.prune.flatMap((step) => view?.prunedBy(step).map(({ name }) => name) ?? []))
  const recoveries = recipe.recover.map((settings, i): RecoverySummary & { rows: TrainableRow[] } => {
    const all = config && model ? trainableRows(config, model.parameters, settings) : []
    const rows = all.map((row) => keptOf(row, sparsities.get(moduleOfWeight(row.name)) ?? 0))
    const { mode, train } = settings
    return {
      place: recoveryPlace(recipe, i),
      mode,
      train,
      rank: settings.lora.rank,
      trainable: rows.reduce((n, r) => n + r.trainable, 0),
      percentage: trainablePercentage(rows),
      trains: rows.flatMap(({ name, trainable, by }) => (by === null ? [] : [{ name, trainable, by }])),
      rows,
    }
  })
  const [first, ...others] = recoveries.map(({ rows }) => rows)
  const trainable = others.reduce(
    trainedMost,
    first ?? (config && model ? trainableRows(config, model.parameters, null) : []),
  )
  const known = new Map(model?.parameters.map((parameter) => [parameter.name, parameter]))
  const of = (...severities: Severity[]) =>
    findings.filter((f) => severities.includes(f.severity)).map((f) => f.message)
  return {
    recipe: recipePath,
    model: recipe.model,
    mode: recoveries.map(({ mode }) => mode).join(' → ') || null,
    train: [...new Set(recipe.recover.flatMap(({ train }) => train))],
    recoveries: recoveries.map(({ rows: _, ...summary }) => summary),
    rows: trainable.map(({ name, kind, block, parameters, trainable, by }): PlanRow => ({
      name,
      role: roles[kind],
      block,
      module: moduleInBlock(name, block),
      shape: known.get(name)?.shape ?? [],
      transposed: known.get(name)?.transposed ?? false,
      parameters,
      sparsity: sparsities.get(moduleOfWeight(name)) ?? 0,
      trainable,
      pruned: kind === 'linear' && pruned.has(moduleOfWeight(name)),
      by,
    })),
    parameters: trainable.reduce((n, r) => n + r.parameters, 0),
    trainable: largest(recoveries, 0, (one) => one.trainable),
    percentage: largest(recoveries, 0, (one) => one.percentage),
    prunedModules: pruned.size,
    allocations: spreadsOf(recipe, config),
    estimates: estimatesOf(recipe, facts),
    warnings: [...of('warning'), ...budgetWarnings(recipe, facts)],
    errors: of('error'),
    saveTo: recipe.save?.to ?? null,
  }
}

/** A matrix that is trained itself keeps its zeros, so the pruned weights are not counted as trainable. */
function keptOf(row: TrainableRow, sparsity: number): TrainableRow {
  const isWhole = row.kind === 'linear' && row.by !== null && !isAdapterName(row.by)
  return isWhole ? { ...row, trainable: row.trainable - Math.round(row.parameters * sparsity) } : row
}

/** Sparsity of each pruned linear, by name; the largest if several steps prune it. */
function sparsitiesOf({ prune }: ResolvedRecipe, config: ModelConfig): Map<string, number> {
  const known = new Map<string, number>()
  for (const { sparsities, pattern } of pruneEntries(prune, plannedLinears(config), config.numBlocks))
    for (const [name, share] of sparsities)
      known.set(name, Math.max(known.get(name) ?? 0, pattern ? pattern.n / pattern.m : share))
  return known
}

/** What is known of each step whose one sparsity is spread over the blocks. */
function spreadsOf({ prune }: ResolvedRecipe, config: ModelConfig | null): PlannedSpread[] {
  const entries = pruneEntries(prune, config ? plannedLinears(config) : [], config?.numBlocks ?? 1)
  return prune.flatMap((step, i) => {
    const { allocation: name } = step
    const sparsity = spreadSparsity(step)
    if (sparsity === null) return []
    const shares = [...entries[i].sparsities.values()]
    const isKnown = !decidesInRun(step) && shares.length > 0
    return [
      {
        name,
        sparsity,
        ends: isKnown ? ([shares[0], shares[shares.length - 1]] as const) : null,
        tries: entries[i].trial?.choices.map(({ value }) => value) ?? [],
      },
    ]
  })
}

/** Warns of a budget that was asked for and cannot be kept, never of a default one. It does not limit a GPU's memory. */
export function budgetWarnings(
  recipe: ResolvedRecipe,
  { model, machine }: Pick<LintFacts, 'model' | 'machine'>,
): string[] {
  if (!machine?.budgetAsked || machine.gpu) return []
  const { budgetBytes, memoryBytes } = machine
  const least = model ? leastMemory(recipe, model, machine) : 0
  return [beyondDevice(budgetBytes, memoryBytes), beyondBudget(budgetBytes, least)].filter((said) => said !== null)
}

/** Takes, for each parameter, the row of the recovery that trains more of it. Either may have a row for a tied head. */
function trainedMost(one: TrainableRow[], other: TrainableRow[]): TrainableRow[] {
  const [longer, shorter] = one.length < other.length ? [other, one] : [one, other]
  const byName = new Map(shorter.map((row) => [row.name, row]))
  return longer.map((row) => {
    const same = byName.get(row.name)
    return same && same.trainable > row.trainable ? same : row
  })
}

const roles: Record<Parameter['kind'], Role> = {
  linear: 'linear',
  bias: 'bias',
  norm: 'norm',
  normBias: 'bias',
  embedding: 'embedding',
  projection: 'other',
  router: 'router',
  head: 'head',
}

/** Name inside the block without `.weight`, an expert's number replaced by `*`. */
function moduleInBlock(name: string, block: number | null): string {
  const module = name.replace(/\.(?:weight|bias)$/, '')
  if (block === null) return module
  const at = module.indexOf(`.${block}.`)
  return (at < 0 ? module : module.slice(at + `.${block}.`.length)).replace(/\.\d+(?=\.|$)/g, '.*')
}

export type Estimates = PlanSummary['estimates']

/** Memory, disk and time of a run. Bytes are 0 and seconds null where the model, or the machine, is not known. */
export function estimatesOf(recipe: ResolvedRecipe, { model, machine, data }: LintFacts): Estimates {
  const isKnown = model?.modelConfig ?? null
  const parts = model && isKnown && machine ? timedParts(recipe, model, machine, data) : null
  return {
    memoryBytes: model && isKnown ? estimateMemory(recipe, model, machine) : 0,
    diskBytes: model ? estimateDisk(recipe, model) : 0,
    seconds: parts && secondsOfParts(parts),
    secondsToPruneAgain: parts?.find(({ part }) => part === 'baseline')?.seconds ?? 0,
  }
}
