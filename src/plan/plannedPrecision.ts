// The precision in which a run will multiply, as far as facts tell (`computeIn` decides with the device at hand).
import type { MachineFacts, ModelFacts } from '../recipe/facts.ts'
import type { ResolvedRecipe } from '../recipe/resolve.ts'

export type PlannedPrecision = 'f32' | 'bf16'

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
