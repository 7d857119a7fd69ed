// The sparsity that a recipe plans for every matrix inside the blocks, read from its text.
import { parseNm } from '../format/nm.ts'
import { fieldsOf } from '../format/records.ts'
import { parseRecipe } from '../lint/parse.ts'
import { isGlobal, pruneEntries } from '../plan/pruneEntries.ts'
import { decidesInRun, resolvePruneStep, type ResolvedPruneStep } from '../recipe/resolve.ts'
import type { Recipe } from '../recipe/schema.ts'
import type { BlockModule } from '../recipe/targetsFor.ts'

export interface PlanModule extends BlockModule {
  /** Weights. */
  readonly parameters: number
  /** Column of the map. */
  readonly column: string
}

/** What the map must know of a model beside the text of its recipe. */
export interface PlanModel {
  /** All linears of the blocks. */
  readonly modules: readonly PlanModule[]
  readonly numBlocks: number
}

export interface PlannedSparsity {
  readonly recipe: Recipe
  /** The entries under `prune`, and the modules that each prunes. */
  readonly entries: readonly { readonly step: ResolvedPruneStep; readonly own: ReadonlySet<string> }[]
  /** By module name; one that is absent is left alone. Where the run decides, the mean. */
  readonly sparsities: ReadonlyMap<string, number>
  /** Why the map cannot give a module another sparsity. */
  readonly fixed: ReadonlyMap<string, string>
  /** What cannot be shown, a sentence each. */
  readonly said: readonly string[]
}

/** The problem is a sentence: why nothing is planned. */
export function plannedSparsity(
  text: string,
  { modules, numBlocks }: PlanModel,
): PlannedSparsity | { problem: string } {
  const { recipe, findings } = parseRecipe(text)
  if (!recipe) {
    const error = findings.find(({ severity }) => severity === 'error')
    return { problem: `the recipe cannot be read: ${error?.message ?? 'it has an error'}` }
  }
  const steps = (recipe.prune ?? []).map(resolvePruneStep)
  if (steps.length === 0) return { problem: 'this recipe prunes nothing: give it an entry under `prune` first' }
  const sparsities = new Map<string, number>()
  const fixed = new Map<string, string>()
  const entries = pruneEntries(steps, modules, numBlocks).map((entry, i) => {
    const why = fixedBy(entry, steps[i])
    for (const [name, sparsity] of entry.sparsities) {
      if (sparsities.has(name)) fixed.set(name, 'two entries of the recipe prune it')
      else {
        sparsities.set(name, sparsity)
        if (why !== null) fixed.set(name, why)
      }
    }
    return { step: steps[i], own: new Set(entry.sparsities.keys()) }
  })
  return { recipe, entries, sparsities, fixed, said: [...saidOf(recipe, entries)] }
}

function fixedBy(entry: Parameters<typeof isGlobal>[0], { pattern }: ResolvedPruneStep): string | null {
  if (parseNm(pattern)) return `its pattern ${pattern} fixes how many of its weights go`
  return isGlobal(entry) ? 'its weights compete with those of the whole model (scope: global)' : null
}

function* saidOf(recipe: Recipe, entries: PlannedSparsity['entries']): Generator<string> {
  const paths = swept(recipe.sweep).filter((path) => path.startsWith('prune'))
  if (paths.length > 0)
    yield `The sweep sets ${[...new Set(paths)].join(', ')} in each of its runs; the map shows what stands under prune.`
  for (const [i, { step, own }] of entries.entries()) {
    if (own.size === 0) yield `prune.${i} matches no matrix of the blocks.`
    else if (decidesInRun(step)) yield `prune.${i} is spread over the blocks by ${step.allocation} when it runs.`
    if (step.scope === 'global' && !parseNm(step.pattern))
      yield `prune.${i} lets weights of the whole model compete: what each matrix loses is known when it runs.`
  }
}

/** Paths of the settings that a sweep changes. */
function swept(sweep: Recipe['sweep']): string[] {
  const { cases, ...axes } = fieldsOf(sweep)
  const sets = Array.isArray(cases) ? cases.map((one) => fieldsOf(fieldsOf(one)['set'])) : []
  return [axes, ...sets].flatMap((one) => Object.keys(one))
}

/** Mean sparsity over the weights of all modules; those that are left alone count as 0. */
export function meanSparsity(modules: readonly PlanModule[], sparsities: ReadonlyMap<string, number | null>): number {
  let [weights, zeros] = [0, 0]
  for (const { name, parameters } of modules) {
    weights += parameters
    zeros += (sparsities.get(name) ?? 0) * parameters
  }
  return weights > 0 ? zeros / weights : 0
}
