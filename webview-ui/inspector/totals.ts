// Totals per role, each with its definition: a sparsity without one misleads.
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

/** Bytes of a checkpoint stored as bitmasks when it is dense; null: it is not stored so. */
export function expandedBytes(model: ModelSummary): number | null {
  if (!model.tensors.some(({ storedBytes }) => storedBytes !== undefined)) return null
  return model.tensors.reduce((sum, { bytes }) => sum + bytes, 0)
}
