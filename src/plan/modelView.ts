// The modules of a model, and which of them a recipe's targets reach, as plans and lint see them.
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import { modelParameters, type Parameter } from '../catalog/families/parameters.ts'
import { modulesOf } from '../recipe/describeModel.ts'
import { isPrunable, type ModelModule } from '../recipe/facts.ts'
import { createMatcher } from '../recipe/match.ts'
import type { ResolvedPruneStep } from '../recipe/resolve.ts'

export interface ModelView {
  readonly config: ModelConfig
  /** Both in model order. */
  readonly parameters: readonly Parameter[]
  readonly modules: readonly ModelModule[]
  /** Modules that an entry of `targets` or `ignore` matches. */
  matched(entry: string): readonly ModelModule[]
  /** Matrices of the blocks that a step prunes, in model order. */
  prunedBy(step: Pick<ResolvedPruneStep, 'targets' | 'ignore'>): readonly ModelModule[]
}

// Matching is the slow part of linting, and an editor matches the same entries against the same model on every key stroke.
const views = new WeakMap<ModelConfig, ModelView>()
const mostRemembered = 500

/** `modules`: the modules in the file, if it has been read; default: those that the family implies. */
export function viewModel(config: ModelConfig, modules?: readonly ModelModule[]): ModelView {
  const known = views.get(config)
  if (known && (!modules || known.modules === modules)) return known
  const view = createView(config, modules)
  views.set(config, view)
  return view
}

function createView(config: ModelConfig, given?: readonly ModelModule[]): ModelView {
  const parameters = modelParameters(config)
  const modules = given ?? modulesOf(parameters, new Map())
  const remembered = new Map<string, readonly ModelModule[]>()
  const matched = (entry: string) => {
    const before = remembered.get(entry)
    if (before) return before
    const matcher = createMatcher(entry)
    const found = modules.filter((module) => matcher.matches(module))
    if (remembered.size >= mostRemembered) remembered.clear()
    remembered.set(entry, found)
    return found
  }
  const prunedBy: ModelView['prunedBy'] = ({ targets, ignore }) => {
    const [wanted, unwanted] = [targets, ignore].map((entries) => new Set(entries.flatMap(matched)))
    return modules.filter((module) => isPrunable(module) && wanted.has(module) && !unwanted.has(module))
  }
  return { config, parameters, modules, matched, prunedBy }
}
