// A checkpoint's tensors with their roles, and statistics on request, summed over roles and blocks.
import { groupedBy } from '../../../formatting/lists.ts'
import { elementsOf } from '../../../catalog/formats/dtypes.ts'
import { type NmPattern, sparsityOf } from '../../../catalog/formats/sparsity.ts'
import { quoted } from '../../../errors.ts'
import { tensorRoles, type TensorRole, type Role } from '../../../catalog/families/tensorRoles.ts'
import type { TensorStats } from '../../../protocol/inspect.ts'
import { EngineError } from '../../errors.ts'
import { bytesOnDisk, type Checkpoint } from '../checkpoint.ts'
import type { ListedEntry } from '../inspection.ts'
import { scanTensors } from './scanTensors.ts'
import { sumZeros } from './tensorTally.ts'

export interface InspectedTensor {
  readonly entry: ListedEntry
  readonly parameters: number
  readonly role: TensorRole
  /** null when not requested, or when the element type can only be listed. */
  readonly stats: TensorStats | null
}

/** Totals of several tensors. `zeros`, `sparsity` and `nm` are there only if all of the tensors were scanned. */
export interface Totals {
  parameters: number
  /** Bytes of the tensors as if all of them were stored whole. */
  bytes: number
  /** Bytes on disk, where that is less. */
  stored_bytes?: number
  zeros?: number
  /** null where there are no weights. */
  sparsity?: number | null
  nm?: TensorStats['nm']
}

export interface Inspection {
  readonly tensors: readonly InspectedTensor[]
  readonly totals: Totals
  /** Totals of the block linears. A model's sparsity is theirs. */
  readonly linears: Totals
  readonly roles: ReadonlyMap<Role, Totals>
  /** Totals of each block: of all its tensors, and of its linears. */
  readonly blocks: ReadonlyMap<number, { all: Totals; linears: Totals }>
}

export interface InspectOptions {
  stats: boolean
  nm: readonly NmPattern[]
  /** Tensors of types that are not known, which are listed beside the others. */
  unknown?: readonly ListedEntry[]
  /** Name of the only tensor to inspect. */
  tensor?: string
  signal?: AbortSignal
  /** `done` and `total` are bytes. */
  onProgress?: (done: number, total: number) => void
}

/** @throws EngineError 'usage' for a tensor that is not there, or of the scan. */
export async function inspectCheckpoint(checkpoint: Checkpoint, options: InspectOptions): Promise<Inspection> {
  const all: ListedEntry[] = [...checkpoint.tensors.values(), ...(options.unknown ?? [])]
  const roles = tensorRoles(checkpoint.config, new Set(all.map(({ name }) => name)))
  const chosen = options.tensor === undefined ? all : [named(all, options.tensor, checkpoint.path)]
  const readable = chosen.filter(({ name }) => checkpoint.tensors.has(name))
  const totalBytes = readable.reduce((sum, t) => sum + t.bytes, 0)
  const roleOf = ({ name, shape }: ListedEntry) => roles.of(name, shape)
  const found = new Map<string, TensorStats | null>()
  let done = 0
  if (options.stats) {
    const { nm, signal } = options
    const items = readable.map((entry) => ({ name: entry.name, nm, transposed: roleOf(entry).transposed }))
    await scanTensors(checkpoint, items, {
      signal,
      onBytes: (bytes) => options.onProgress?.((done += bytes), totalBytes),
      onStats: (name, stats) => found.set(name, stats),
    })
  }
  return summarise(
    chosen.map((entry) => ({
      entry,
      parameters: elementsOf(entry.shape) ?? 0,
      role: roleOf(entry),
      stats: found.get(entry.name) ?? null,
    })),
  )
}

function named(all: readonly ListedEntry[], name: string, path: string): ListedEntry {
  const entry = all.find((one) => one.name === name)
  if (entry) return entry
  const near = all.filter((t) => t.name.includes(name)).map((t) => t.name)
  const hint = near.length > 0 ? `did you mean ${near.slice(0, 3).join(' or ')}?` : 'inspect --tensors lists all'
  throw new EngineError('usage', `${path} has no tensor ${quoted(name)}; ${hint}`)
}

function summarise(tensors: readonly InspectedTensor[]): Inspection {
  const blocks = new Map<number, { all: Totals; linears: Totals }>()
  const roles = new Map<Role, Totals>()
  for (const [role, group] of groupedBy(tensors, (t) => t.role.role)) roles.set(role, totalsOf(group))
  for (const [block, group] of groupedBy(tensors, (t) => t.role.block)) {
    if (block !== null) blocks.set(block, { all: totalsOf(group), linears: totalsOf(group.filter(isLinear)) })
  }
  return { tensors, totals: totalsOf(tensors), linears: totalsOf(tensors.filter(isLinear)), roles, blocks }
}

function isLinear(tensor: InspectedTensor): boolean {
  return tensor.role.role === 'linear'
}

function totalsOf(tensors: readonly InspectedTensor[]): Totals {
  const parameters = tensors.reduce((sum, t) => sum + t.parameters, 0)
  const bytes = tensors.reduce((sum, t) => sum + listedBytes(t.entry), 0)
  const stored = tensors.reduce((sum, t) => sum + bytesOnDisk(t.entry), 0)
  const sizes = { parameters, bytes, ...(stored < bytes && { stored_bytes: stored }) }
  const stats = tensors.flatMap((t) => t.stats ?? [])
  if (stats.length < tensors.length) return sizes
  const { zeros, nm } = sumZeros(stats)
  return { ...sizes, zeros, sparsity: sparsityOf([{ zeros, size: parameters }]), nm }
}

/** Bytes of a tensor as lists show them: the dense size if it is stored as a bitmask, the size in the file if it is quantised. */
export function listedBytes(entry: Pick<ListedEntry, 'quantised' | 'bytes'>): number {
  return entry.quantised?.bytes ?? entry.bytes
}
