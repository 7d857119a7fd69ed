// Everything the inspector says about one tensor's values, in one pass over its bytes.
import type { TensorStats } from '../../../shared/protocol/inspect.ts'
import type { Checkpoint, TensorEntry } from '../checkpoint.ts'
import { elementFormat } from './elementFormat.ts'
import { formatNm, type NmPattern } from '../../../shared/format/nm.ts'
import { alongColumns, alongRows, type NmCounter } from './nmCounter.ts'
import { matrixOf, rowPieces } from './rowPieces.ts'
import { collectValues } from './valueSummary.ts'
import { countFlags, zeroFlags } from './zeroFlags.ts'

export interface StatsOptions {
  /** Patterns to check; those whose M does not divide the inputs are left out. */
  nm?: readonly NmPattern[]
  /** The matrix is stored [in, out]. */
  transposed?: boolean
  signal?: AbortSignal
  /** Read at a time; whole rows, one at least. */
  pieceBytes?: number
  /** Bytes of each piece that was scanned. */
  onBytes?: (bytes: number) => void
}

/** null when the element type can only be listed. @throws EngineError 'cancelled', 'disk' or 'bad-checkpoint'. */
export async function tensorStats(
  checkpoint: Checkpoint,
  entry: TensorEntry,
  options: StatsOptions = {},
): Promise<TensorStats | null> {
  const format = elementFormat(entry.dtype)
  if (!format) return null
  const values = collectValues(format)
  const counters = nmCounters(entry, options)
  let flags = new Uint8Array(0)
  let zeros = 0
  let parameters = 0
  for await (const { data, rows, count, bytes } of rowPieces(checkpoint, entry, format.bytes, options)) {
    if (flags.length < count) flags = new Uint8Array(count)
    zeroFlags(format, data, count, flags)
    zeros += countFlags(flags, count)
    parameters += count
    values.add(data, count)
    for (const { counter } of counters) counter.addRows(flags, rows)
    options.onBytes?.(bytes)
  }
  const nm: TensorStats['nm'] = {}
  for (const { text, counter } of counters) nm[text] = { groups: counter.groups, violations: counter.violations }
  return { name: entry.name, zeros, sparsity: parameters ? zeros / parameters : 0, ...values.summary(), nm }
}

function nmCounters(entry: TensorEntry, options: StatsOptions): { text: string; counter: NmCounter }[] {
  if (entry.shape.length !== 2) return []
  const { rows, columns } = matrixOf(entry)
  const inputs = options.transposed ? rows : columns
  const along = options.transposed ? alongColumns : alongRows
  return (options.nm ?? [])
    .filter(({ m }) => inputs % m === 0)
    .map((pattern) => ({ text: formatNm(pattern), counter: along(pattern, columns) }))
}
