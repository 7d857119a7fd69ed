// Which scores are pruned: the place of the k-th smallest by a radix selection over histograms, never a sort.
import { EngineError } from '../errors.ts'
import type { Digit, Limit, PruneKernels, Scored } from '../compute/pruneKernels.ts'
import type { Selection } from './plan.ts'

/** Adds the counts of one digit over the whole comparison group, which may be one matrix or a model's worth. */
export type CountGroup = (counts: Float64Array, digit: Digit) => Promise<void>

/** Bits of each digit, from the top of a pattern without its sign. Few wide passes pay for themselves on many scores. */
const manyScores = [16, 15]
const fewScores = [11, 10, 10]

/** `k` of the rule: how many of `size` scores go (exact: half up), or the 1-based rank of perp's threshold. */
export function rankOf(selection: Selection, size: number, sparsity: number): number {
  return selection === 'exact' ? Math.floor(size * sparsity + 0.5) : Math.floor(size * sparsity) + 1
}

/** What goes when the `rank` smallest of `size` scores go; ties as `selection` says. */
export async function findLimit(count: CountGroup, size: number, rank: number, selection: Selection): Promise<Limit> {
  if (rank <= 0) return { score: 0, ties: 0 }
  let shift = 31
  let prefix = 0
  let below = 0
  for (const bits of size >= 2 ** 20 ? manyScores : fewScores) {
    shift -= bits
    const counts = new Float64Array(2 ** bits)
    await count(counts, { shift, bits, prefix })
    let bin = 0
    while (bin < counts.length - 1 && below + counts[bin] < rank) below += counts[bin++]
    prefix = prefix * 2 ** bits + bin
  }
  return { score: valueOf(prefix), ties: selection === 'exact' ? rank - below : Infinity }
}

/** Counts one matrix; on the first digit, where every score is seen, refuses scores that are not finite. */
export async function countScores(
  kernels: PruneKernels,
  counts: Float64Array,
  scored: Scored,
  digit: Digit,
  name: string,
): Promise<void> {
  const first = digit.shift + digit.bits === 31
  // All patterns from 0x7f800000 on are infinite or NaN, and digits never straddle that line.
  const nonFinite = first ? counts.subarray(0xff << (digit.bits - 8)) : counts.subarray(0, 0)
  const before = sum(nonFinite)
  await kernels.countScores(counts, scored, digit)
  requireFinite(sum(nonFinite) - before, name)
}

/** Throws `numeric` when a tensor has scores that are not finite. */
export function requireFinite(count: number, name: string): void {
  if (count > 0)
    throw new EngineError(
      'numeric',
      `${name}: ${count} pruning scores are not finite; the weights or the calibration activations hold NaN, infinite or huge values: inspect the checkpoint with --stats`,
    )
}

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0)

/** The f32 value of a bit pattern. */
function valueOf(pattern: number): number {
  return new Float32Array(Uint32Array.of(pattern).buffer)[0]
}
