// Counts of one pass over a tensor's bytes, or over some of its rows. Parts add up to the whole exactly.
import type { TensorStats } from '../../../protocol/inspect.ts'
import type { Checkpoint, TensorEntry } from '../checkpoint.ts'
import { formatNm, type NmPattern } from '../../../catalog/formats/sparsity.ts'
import type { PatternCounts } from './countTable.ts'
import { elementFormat } from './elementFormat.ts'
import type { GroupZeros } from './halfCounter.ts'
import { originOf } from './originOf.ts'
import { alongColumns, alongRows } from './nmCounter.ts'
import { matrixOf, rowPieces, type RowRange } from './rowPieces.ts'
import { countHalves, groupZeros } from './tallyHalves.ts'
import { collectValues, sumTallies, type ValueTally } from './valueTally.ts'
import { countFlags, zeroFlags } from './zeroFlags.ts'

export interface TensorTally {
  readonly parameters: number
  readonly zeros: number
  readonly nm: TensorStats['nm']
  readonly values: ValueTally
}

export interface TallyOptions {
  /** Patterns to check; those whose M does not divide the inputs are left out. */
  nm?: readonly NmPattern[]
  /** The matrix is stored [in, out]. */
  transposed?: boolean
  /** Default: all. A range of a transposed matrix begins and ends between groups. */
  range?: RowRange
  signal?: AbortSignal
  /** Bytes read at a time, in whole rows, at least one. */
  pieceBytes?: number
  /** Bytes of each piece that was scanned. */
  onBytes?: (bytes: number) => void
}

/** null when the element type can only be listed. @throws EngineError 'cancelled', 'disk' or 'bad-checkpoint'. */
export async function tallyTensor(
  checkpoint: Checkpoint,
  entry: TensorEntry,
  options: TallyOptions = {},
): Promise<TensorTally | null> {
  const format = elementFormat(entry.dtype)
  if (!format) return null
  const patterns = patternsOf(entry, options)
  const halves = groupZeros(entry, patterns, options.transposed)
  if (halves) return tallyHalves(checkpoint, entry, { ...options, patterns, halves })
  const values = collectValues(format, await originOf(checkpoint, entry, format))
  const { columns } = matrixOf(entry)
  const counters = patterns.map((pattern) => (options.transposed ? alongColumns : alongRows)(pattern, columns))
  // A table of all patterns has the zeros of narrow types.
  const needsFlags = counters.length > 0 || format.kind === 'wide'
  let flags = new Uint8Array(0)
  let zeros = 0
  let parameters = 0
  for await (const { data, rows, count, bytes } of rowPieces(checkpoint, entry, format.bytes, options)) {
    if (needsFlags) {
      if (flags.length < count) flags = new Uint8Array(count)
      zeroFlags(format, data, count, flags)
    }
    if (format.kind === 'wide') zeros += countFlags(flags, count)
    parameters += count
    values.add(data, count)
    for (const counter of counters) counter.addRows(flags, rows)
    options.onBytes?.(bytes)
  }
  const found = patterns.map((pattern, i) => {
    const { groups, violations } = counters[i]
    return [formatNm(pattern), { groups, violations }] as const
  })
  const tally = values.tally()
  if (format.kind === 'narrow') zeros = zerosAmong(tally.counts, format.zeroMask)
  return { parameters, zeros, nm: Object.fromEntries(found), values: tally }
}

/** The counts of `countHalves` in the form of any tally. */
async function tallyHalves(
  checkpoint: Checkpoint,
  entry: TensorEntry,
  { patterns, halves, ...options }: TallyOptions & { patterns: readonly NmPattern[]; halves: GroupZeros },
): Promise<TensorTally> {
  const { counts, broken4, broken8 } = await countHalves(checkpoint, entry, halves, options)
  const parameters = counts.counts.reduce((sum, count) => sum + count, 0)
  const found = patterns.map((pattern) => {
    const violations = pattern.m === 4 ? broken4 : broken8
    return [formatNm(pattern), { groups: parameters / pattern.m, violations }] as const
  })
  const zeros = zerosAmong(counts, 0x7fff)
  return { parameters, zeros, nm: Object.fromEntries(found), values: { counts, moments: null, origin: 0 } }
}

/** `parts` in the order of their rows. */
export function sumParts(parts: readonly TensorTally[]): TensorTally {
  const nm: TensorStats['nm'] = {}
  for (const part of parts)
    for (const [pattern, { groups, violations }] of Object.entries(part.nm)) {
      nm[pattern] ??= { groups: 0, violations: 0 }
      nm[pattern].groups += groups
      nm[pattern].violations += violations
    }
  return {
    parameters: parts.reduce((sum, part) => sum + part.parameters, 0),
    zeros: parts.reduce((sum, part) => sum + part.zeros, 0),
    nm,
    values: sumTallies(parts.map((part) => part.values)),
  }
}

function patternsOf(entry: TensorEntry, { nm = [], transposed }: TallyOptions): readonly NmPattern[] {
  if (entry.shape.length !== 2) return []
  const { rows, columns } = matrixOf(entry)
  const inputs = transposed ? rows : columns
  return nm.filter(({ m }) => inputs % m === 0)
}

/** A format whose mask asks for no clear bit has no pattern for zero. */
function zerosAmong({ patterns, counts }: PatternCounts, zeroMask: number): number {
  if (zeroMask === 0) return 0
  return patterns.reduce((sum, pattern, i) => sum + ((pattern & zeroMask) === 0 ? counts[i] : 0), 0)
}
