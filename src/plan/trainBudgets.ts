// What a recovery of a model might train, from little to much: the marks of the budget ruler, and what it proposes.
import { adapterOf, defaultAdapter } from '../catalog/adapters/adapters.ts'
import type { Subset } from '../catalog/adapters/subsets.ts'
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import type { RecoverMode } from '../recipe/modes.ts'
import type { TrainBudget } from './planSummary.ts'
import { countParameters, countTrainable, trainableSet } from './trainable.ts'

const ranks = [1, 2, 4, 8, 16, 32, 64, 128]

/**
 * `pruned`: numbers that are zero for good, which `full` leaves out. Ranks with which an adapter would have more numbers than the
 * weights that are kept are left out, too.
 */
export function trainBudgets(config: ModelConfig, mode: RecoverMode, pruned: number): TrainBudget[] {
  const all = countParameters(config)
  const budgetOf = (name: string, train: Subset[], rank: number | null): TrainBudget => {
    const count =
      countTrainable(trainableSet(config, { mode, train }), rank ?? 1) - (train.includes('full') ? pruned : 0)
    return { name, train, rank, count, percentage: (100 * count) / all }
  }
  const [norms, biases] = [budgetOf('norms', ['norm'], null), budgetOf('biases + norms', ['bias', 'norm'], null)]
  const vectors = biases.count > norms.count ? biases : norms
  const full = budgetOf('all kept weights', ['full'], null)
  const { title } = adapterOf(defaultAdapter)
  const adapters = ranks.map((rank) => budgetOf(`${title} ${rank}`, [...vectors.train, defaultAdapter], rank))
  const smaller = [...new Set([norms, vectors]), ...adapters].filter(({ count }) => count > 0 && count < full.count)
  return full.count > 0 ? [...smaller, full] : smaller
}
