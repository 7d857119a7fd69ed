// Totals per role, each with its definition: a sparsity without one misleads. And what a bitmask saves.
import { asBitmask } from '../../src/catalog/formats/bitmask.ts'
import type { ModelSummary, TensorStats } from '../../src/protocol/inspect.ts'
import type { Role } from '../../src/catalog/families/tensorRoles.ts'

export interface RoleTotal {
  role: Role
  title: string
  definition: string
  tensors: number
  parameters: number
  /** Zeros in the scanned tensors of the role. */
  zeros: number
  scanned: number
  scannedParameters: number
}

const titles: Record<Role, [string, string]> = {
  linear: ['Linears of the blocks', 'The matrices that can be pruned. Embeddings, norms and the head are not counted.'],
  embedding: ['Embeddings', 'Token and position embeddings; a tied head counts here.'],
  head: ['Output head', 'The untied output projection.'],
  norm: ['Norms', 'Weights and biases of the normalisation layers.'],
  bias: ['Biases', 'Biases of the linears.'],
  router: ['Routers', 'They choose the experts, and are never pruned.'],
  other: ['Other', 'Everything else in the file.'],
}

/** Roles the model has, linears first. */
export function roleTotals(model: ModelSummary, stats: ReadonlyMap<string, TensorStats>): RoleTotal[] {
  const totals = new Map<Role, RoleTotal>()
  for (const role of Object.keys(titles) as Role[]) {
    const [title, definition] = titles[role]
    const zero = { tensors: 0, parameters: 0, zeros: 0, scanned: 0, scannedParameters: 0 }
    totals.set(role, { role, title, definition, ...zero })
  }
  for (const tensor of model.tensors) {
    const total = totals.get(tensor.role)
    if (!total) continue
    total.tensors++
    total.parameters += tensor.parameters
    const found = stats.get(tensor.name)
    if (!found) continue
    total.scanned++
    total.scannedParameters += tensor.parameters
    total.zeros += found.zeros
  }
  return [...totals.values()].filter((t) => t.tensors > 0)
}

/** A checkpoint stored as bitmasks, when it is dense; or a dense one as bitmasks, once its linears are scanned. */
export type OtherSize = { readonly as: 'dense' | 'bitmask'; readonly bytes: number } | null

export function otherSize(model: ModelSummary, stats: ReadonlyMap<string, TensorStats>): OtherSize {
  if (model.tensors.some(({ storedBytes }) => storedBytes !== undefined))
    return { as: 'dense', bytes: model.tensors.reduce((sum, { bytes }) => sum + bytes, 0) }
  if (model.lookOnly) return null
  let bytes = 0
  for (const tensor of model.tensors) {
    const zeros = stats.get(tensor.name)?.zeros
    if (tensor.role === 'linear' && zeros === undefined) return null
    const packed = tensor.role === 'linear' && zeros ? asBitmask(tensor.dtype, tensor.shape, zeros) : null
    bytes += packed ?? tensor.bytes
  }
  return bytes < model.bytes ? { as: 'bitmask', bytes } : null
}
