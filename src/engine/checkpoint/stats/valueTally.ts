// Counts a tensor's values as they are read in pieces, and adds up several parts of a tensor.
import { CountTable, sumCounts, type PatternCounts } from './countTable.ts'
import type { ElementFormat } from './elementFormat.ts'
import { addNumbers, addSingles, noMoments, sumMoments, type Moments } from './moments.ts'

export interface ValueTally {
  /** Counts by the element's bits; of wide types by the upper half of the distance from `origin` as an f32. */
  readonly counts: PatternCounts
  /** Moments of wide types, whose counts do not say everything. */
  readonly moments: Moments | null
  /** The number from which the distances of wide types are counted (originOf.ts). */
  readonly origin: number
}

export interface ValueCollector {
  add(data: ArrayBuffer, count: number): void
  /** Once, at the end. */
  tally(): ValueTally
}

/** Collects values of one format. */
export function collectValues(format: ElementFormat, origin: number): ValueCollector {
  return format.kind === 'narrow' ? narrowCollector(format.bytes) : wideCollector(format.values, origin)
}

/** `parts` in the order of the tensor's rows: sums of f64 depend on it. */
export function sumTallies(parts: readonly ValueTally[]): ValueTally {
  const moments = parts.flatMap((part) => part.moments ?? [])
  return {
    counts: sumCounts(parts.map(({ counts }) => counts)),
    moments: moments.length > 0 ? sumMoments(moments) : null,
    origin: parts.at(0)?.origin ?? 0,
  }
}

function narrowCollector(bytes: 1 | 2): ValueCollector {
  const table = new CountTable()
  return {
    add(data, count) {
      table.add(bytes === 2 ? new Uint16Array(data, 0, count) : new Uint8Array(data, 0, count))
    },
    tally: () => ({ counts: table.take(), moments: null, origin: 0 }),
  }
}

function wideCollector(
  values: (data: ArrayBuffer, count: number) => ArrayLike<number>,
  origin: number,
): ValueCollector {
  const table = new CountTable()
  const moments = noMoments()
  return {
    add(data, count) {
      const numbers = values(data, count)
      const isPlain = numbers instanceof Float32Array && origin === 0
      const singles = isPlain ? numbers : distances(numbers, origin)
      table.addUpperHalves(new Uint32Array(singles.buffer, 0, count))
      if (isPlain) addSingles(moments, numbers)
      else addNumbers(moments, numbers, origin)
    },
    tally: () => ({ counts: table.take(), moments, origin }),
  }
}

/** Loops: a mapping function costs ten times as much. */
function distances(numbers: ArrayLike<number>, origin: number): Float32Array<ArrayBuffer> {
  const singles = new Float32Array(numbers.length)
  for (let i = 0; i < numbers.length; i++) singles[i] = numbers[i] - origin
  return singles
}
