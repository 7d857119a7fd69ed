// A model for the map: matrices of the same names in every block, later ones with more weights.
import type { PlanModel } from '../../src/shared/analysis/plannedSparsity.ts'

export function planModel(names: readonly string[], numBlocks: number): PlanModel {
  const modules = Array.from({ length: numBlocks }, (_, block) =>
    names.map((rest, i) => ({
      name: `model.layers.${block}.${rest}`,
      className: 'Linear',
      block,
      column: rest.replace(/\d+/, '*'),
      parameters: 100 * (i + 1),
    })),
  ).flat()
  return { modules, numBlocks }
}
