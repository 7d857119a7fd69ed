// Counts of one pass over a tensor's bytes, or over some of its rows. Parts add up to the whole exactly.
import type { TensorStats } from '../../../protocol/inspect.ts'
import type { Checkpoint, TensorEntry } from '../checkpoint.ts'
import { formatNm, type NmPattern } from '../../../catalog/formats/sparsity.ts'
import { fewElements, type PatternCounts } from './countTable.ts'
import { elementFormat, type ElementFormat } from './elementFormat.ts'
import { alongColumns, alongRows } from './nmCounter.ts'
import { matrixOf, type PieceOptions, rowPieces, type RowRange, type Buffers, bytePieces } from './rowPieces.ts'
import { collectValues, sumTallies, type ValueTally } from './valueTally.ts'
import { countFlags, zeroFlags } from './zeroFlags.ts'
import { instantiate, readWasm } from '../../readWasm.ts'

// Counts of 16-bit floats by WebAssembly (assembly/), in the buffers that the file is read into. A pass takes half the time of loops
// over typed arrays.
/** Zeros that every group of 4 and of 8 in a row must have. A group with fewer is broken. 0: such groups are not counted. */
export interface GroupZeros {
  readonly in4: number
  readonly in8: number
}

export interface HalfCounts {
  readonly counts: PatternCounts
  readonly broken4: number
  readonly broken8: number
}

export interface HalfCounter {
  /** The buffers that the file is read into. */
  readonly buffers: Buffers
  /** Counts the first `length` patterns of a buffer, which must begin with a group. A counter takes fewer than 2³² patterns in all. */
  count(turn: 0 | 1, length: number, zeros: GroupZeros): void
  /** Called once, at the end: another tensor may then get this counter. */
  take(): HalfCounts
}

/** Bytes of a buffer: large enough for the disk, small enough for a core's own cache. */
const bufferBytes = 2 ** 19
/** Addresses after the tables (assembly/index.ts): the patterns found, their counts, and the buffers. */
const [patternsAt, countsAt, buffersAt] = [0x110000, 0x130000, 0x1b0000]
const pageBytes = 2 ** 16

let compiled: WebAssembly.Module | null = null
/** Counters for reuse, since a model has thousands of tensors. */
const spare: HalfCounter[] = []

/** A new counter. */
export function halfCounter(): HalfCounter {
  return spare.pop() ?? createCounter()
}

function createCounter(): HalfCounter {
  const memory = new WebAssembly.Memory({ initial: (buffersAt + 2 * bufferBytes) / pageBytes })
  compiled ??= new WebAssembly.Module(readWasm('counts'))
  const wasm = instantiate(compiled, memory)
  const buffer = memory.buffer as ArrayBufferLike as ArrayBuffer
  const addresses = [buffersAt, buffersAt + bufferBytes]
  const [first, second] = addresses.map((at) => new Uint8Array(buffer, at, bufferBytes))
  /** Zeros that were added to fill up groups of 8, and counted. */
  let padding = 0
  const counter: HalfCounter = {
    buffers: [first, second],
    count(turn, length, { in4, in8 }) {
      const whole = Math.ceil(length / 8) * 8
      new Uint16Array(buffer, addresses[turn] + 2 * length, whole - length).fill(0)
      padding += whole - length
      wasm.count(addresses[turn], whole, in4, in8)
    },
    take() {
      const found = wasm.takeCounts(patternsAt, countsAt)
      const counts = new Float64Array(buffer.slice(countsAt, countsAt + 8 * found))
      const patterns = new Uint16Array(buffer.slice(patternsAt, patternsAt + 2 * found))
      if (padding > 0) counts[0] -= padding
      padding = 0
      spare.push(counter)
      return {
        counts: counts[0] === 0 ? { patterns: patterns.slice(1), counts: counts.slice(1) } : { patterns, counts },
        broken4: wasm.takeBroken4(),
        broken8: wasm.takeBroken8(),
      }
    },
  }
  return counter
}

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
  /** Bytes read at a time, rounded to whole rows or groups, at least one. */
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
  // For narrow types, the table of all patterns already contains the zeros.
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

/** The counts of `countHalves` as a `TensorTally`. */
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
  return { parameters, zeros, nm: Object.fromEntries(found), values: { counts, moments: null, origin: 0, scale: 1 } }
}

/** `parts` in the order of their rows. */
export function sumParts(parts: readonly TensorTally[]): TensorTally {
  return {
    parameters: parts.reduce((sum, part) => sum + part.parameters, 0),
    ...sumZeros(parts),
    values: sumTallies(parts.map((part) => part.values)),
  }
}

/** Zeros, and groups by pattern, of several tensors or parts of one. */
export function sumZeros(parts: readonly Pick<TensorStats, 'zeros' | 'nm'>[]): Pick<TensorStats, 'zeros' | 'nm'> {
  const nm: TensorStats['nm'] = {}
  for (const part of parts)
    for (const [pattern, { groups, violations }] of Object.entries(part.nm)) {
      nm[pattern] ??= { groups: 0, violations: 0 }
      nm[pattern].groups += groups
      nm[pattern].violations += violations
    }
  return { zeros: parts.reduce((sum, part) => sum + part.zeros, 0), nm }
}

function patternsOf(entry: TensorEntry, { nm = [], transposed }: TallyOptions): readonly NmPattern[] {
  if (entry.shape.length !== 2) return []
  const { rows, columns } = matrixOf(entry)
  const inputs = transposed ? rows : columns
  return nm.filter(({ m }) => inputs % m === 0)
}

/** Number of zeros. A format whose `zeroMask` is 0 has no pattern for zero. */
function zerosAmong({ patterns, counts }: PatternCounts, zeroMask: number): number {
  if (zeroMask === 0) return 0
  return patterns.reduce((sum, pattern, i) => sum + ((pattern & zeroMask) === 0 ? counts[i] : 0), 0)
}

/** Number of places at which a tensor is sampled for its origin, and of values at each place. */
const places = 4
const perPlace = 256
/** A mean counts as far from zero beyond this many standard deviations. Nearer to zero, no precision is lost. */
const farDeviations = 2

/**
 * The origin from which a tensor's numbers are counted: the median of a thousand samples if they are far from zero, else 0. For such
 * numbers, e.g. a norm's weights, squares from zero lose the spread, and counts by exponent fall into one bin. The sample is fixed, so
 * every thread finds the same origin. Narrow types need no origin: their bit patterns are counted exactly.
 */
async function originOf(checkpoint: Checkpoint, entry: TensorEntry, format: ElementFormat): Promise<number> {
  if (format.kind === 'narrow') return 0
  const elements = entry.bytes / format.bytes
  const starts =
    elements <= places * perPlace ? [0] : Array.from({ length: places }, (_, i) => Math.floor((i * elements) / places))
  const each = Math.min(elements, starts.length === 1 ? places * perPlace : perPlace)
  const sample: number[] = []
  for (const start of starts) {
    const bytes = await checkpoint.readRange(entry.name, start * format.bytes, (start + each) * format.bytes)
    for (const number of format.values(bytes.buffer, each)) if (Number.isFinite(number)) sample.push(number)
  }
  if (sample.length === 0) return 0
  const middle = sample.sort((a, b) => a - b)[sample.length >> 1]
  const distances = sample.map((number) => number - middle)
  const mean = distances.reduce((sum, distance) => sum + distance, 0) / sample.length
  const variance = distances.reduce((sum, distance) => sum + (distance - mean) ** 2, 0) / sample.length
  return Math.abs(middle + mean) > farDeviations * Math.sqrt(variance) ? middle : 0
}

interface HalvesOptions extends PieceOptions {
  readonly onBytes?: (bytes: number) => void
}

const elementBytes = 2

/** The zeros that groups must have; null if WebAssembly cannot count the patterns, or if the tensor is too small for its tables. */
function groupZeros(entry: TensorEntry, patterns: readonly NmPattern[], transposed = false): GroupZeros | null {
  const format = elementFormat(entry.dtype)
  const isHalf = format?.bytes === elementBytes && format.zeroMask === 0x7fff
  if (!isHalf || entry.strides || entry.bytes <= elementBytes * fewElements) return null
  if (transposed && patterns.length > 0) return null
  const zerosIn = (size: number) => patterns.filter(({ m }) => m === size).map(({ n }) => n)
  const [fours, eights] = [zerosIn(4), zerosIn(8)]
  if (fours.length > 1 || eights.length > 1 || fours.length + eights.length < patterns.length) return null
  return { in4: fours[0] ?? 0, in8: eights[0] ?? 0 }
}

/** @throws EngineError 'cancelled', 'disk' or 'bad-checkpoint'. */
async function countHalves(
  checkpoint: Checkpoint,
  entry: TensorEntry,
  zeros: GroupZeros,
  { range, signal, pieceBytes = Infinity, onBytes }: HalvesOptions,
): Promise<HalfCounts> {
  const { rows, columns } = matrixOf(entry)
  const { first, end } = range ?? { first: 0, end: rows }
  const rowBytes = columns * elementBytes
  const counter = halfCounter()
  // Every piece begins with a group of 8.
  const step = Math.min(counter.buffers[0].length, Math.max(16, Math.floor(pieceBytes / 16) * 16))
  const [one, other] = counter.buffers
  const buffers: Buffers = [one.subarray(0, step), other.subarray(0, step)]
  const bytesOfRange = { start: first * rowBytes, end: end * rowBytes }
  for await (const { turn, bytes } of bytePieces(checkpoint, entry.name, bytesOfRange, buffers, signal)) {
    counter.count(turn, bytes / elementBytes, zeros)
    onBytes?.(bytes)
  }
  return counter.take()
}
