// What a recipe plans for every matrix of a recorded model.
import type { PlannedMap, PlannedModule } from '../../../src/shared/analysis/plannedMap.ts'
import { moduleOfWeight } from '../../../src/shared/families/parameters.ts'
import type { ModelSummary } from '../../../src/shared/protocol/inspect.ts'

/** A recipe that prunes deeper blocks more, and leaves fc1 of the first alone. */
export function recordedMap(model: ModelSummary, more: Partial<PlannedMap> = {}): PlannedMap {
  const modules = model.tensors
    .filter(({ role }) => role === 'linear')
    .map(({ name, block, module, parameters }): PlannedModule => {
      const sparsity = block === 0 && module === 'fc1' ? null : 0.35 + (0.3 * (block ?? 0)) / model.blocks
      return { name: moduleOfWeight(name), block: block ?? 0, module, parameters, sparsity, fixed: null }
    })
  const sum = (of: (module: PlannedModule) => number) => modules.reduce((total, module) => total + of(module), 0)
  return {
    recipe: 'opt-125m.prune.yaml',
    method: 'wanda',
    pattern: 'unstructured',
    rule: 'depth',
    rules: [
      { rule: 'uniform', problem: null },
      { rule: 'depth', problem: null },
      { rule: 'owl', problem: 'the recipe has no calibration' },
      { rule: 'hand', problem: null },
    ],
    mean: sum((m) => m.parameters * (m.sparsity ?? 0)) / sum((m) => m.parameters),
    modules,
    expectedError: 0.0321,
    uniformError: 0.0394,
    seconds: 300,
    memoryBytes: 1.9e9,
    said: [],
    problem: null,
    ...more,
  }
}
