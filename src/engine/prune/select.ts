// Which scores are pruned: finds the k-th smallest by radix selection over histograms, never by sorting.
import { EngineError } from '../errors.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { PruneHost } from './host.ts'
import {
  type Digit,
  exactPlace,
  type Limit,
  type PruneKernels,
  type PruneTraits,
  type Scored,
} from '../compute/pruneKernels.ts'
import type { Selection } from '../../catalog/methods/method.ts'
import type { NmPattern } from '../../catalog/formats/sparsity.ts'
import { sum } from '../../formatting/lists.ts'

/** Adds the counts of one digit over the whole comparison group, which may be one matrix or a model's worth. */
export type CountGroup = (counts: Float64Array, digit: Digit) => Promise<void>

/** Bits of each digit, from the top of a key. For many scores, fewer passes with wider digits are faster. */
const manyScores = [16, 15]
const fewScores = [11, 10, 10]

/** exact: how many of `size` scores are pruned, rounded half up. perp: the 1-based rank of the threshold. */
export function rankOf(selection: Selection, size: number, sparsity: number): number {
  return selection === 'exact' ? Math.floor(size * sparsity + 0.5) : Math.floor(size * sparsity) + 1
}

/**
 * The limit below which the `rank` smallest of `size` scores are; ties as `selection` says. `scaled`: different scores may round to
 * the same f32.
 */
export async function findLimit(
  { scoresInF64, widestDigit }: PruneTraits,
  count: CountGroup,
  size: number,
  rank: number,
  selection: Selection,
  scaled: boolean,
): Promise<Limit> {
  if (rank <= 0) return { score: 0, place: 0, ties: 0 }
  const digits = size >= 2 ** 20 && widestDigit >= manyScores[0] ? manyScores : fewScores
  const pattern = await narrow(count, digits, null, rank)
  if (pattern.whole) return { score: valueOf(pattern.end), place: 0, ties: 0 }
  const score = valueOf(pattern.start)
  const left = rank - pattern.below
  const ties = (below: number) => (selection === 'exact' ? left - below : Infinity)
  if (!scaled || !scoresInF64) return { score, place: exactPlace, ties: ties(0) }
  const place = await narrow(count, digits, score, left)
  if (place.whole) return { score, place: place.end, ties: 0 }
  return { score, place: place.start, ties: ties(place.below) }
}

/** How many entries become 0: `drop` of the matrix, `perRow` of every row, or N of every M. */
export type Projection = { readonly drop: number } | { readonly perRow: number } | { readonly pattern: NmPattern }

/** Masks of one matrix by the rank of its scores. Where the device finds the limit, nothing waits for it, and `check` reports errors. */
export class RankMasks {
  readonly #host: PruneHost
  readonly #name: string
  /** How many scores were not finite, on the device. */
  #bad: Tensor | null = null

  constructor(host: PruneHost, name: string) {
    this.#host = host
    this.#name = name
  }

  /** Prunes the `rank` smallest. @throws EngineError 'numeric' where some are not finite and no `check` is needed */
  async prune(mask: Tensor, scored: Scored, rank: number, selection: Selection): Promise<void> {
    const { prune, kernels } = this.#host
    const { weight, scale, columns } = scored
    if (prune.maskSmallest) {
      if (!this.#bad) kernels.fill((this.#bad = this.#host.allocate('u32', [1])), 0)
      return prune.maskSmallest(mask, this.#bad, scored, Math.max(0, rank), rank > 0 && selection === 'perp')
    }
    const limit = await findLimit(
      prune.traits,
      (counts, digit) => countScores(prune, counts, scored, digit, this.#name),
      weight.shape[0] * (columns ? columns.end - columns.start : weight.shape[1]),
      rank,
      selection,
      scale !== null,
    )
    await prune.maskBelow(mask, scored, limit)
  }

  /** Writes the mask of x[O,I] without the least |x|. @throws EngineError as `prune` */
  async keepLargest(mask: Tensor, x: Tensor, projection: Projection): Promise<void> {
    const { prune } = this.#host
    if ('drop' in projection)
      return this.prune(mask, { weight: x, scale: null, columns: null }, projection.drop, 'exact')
    const bad =
      'pattern' in projection
        ? await prune.maskGroups(mask, x, null, projection.pattern)
        : await prune.maskRows(mask, x, null, projection.perRow, false)
    requireFinite(bad, this.#name)
  }

  /** @throws EngineError 'numeric' where scores were not finite */
  async check(): Promise<void> {
    if (this.#bad) requireFinite((await this.#host.read(this.#bad))[0], this.#name)
  }

  [Symbol.dispose](): void {
    if (this.#bad) this.#host.release(this.#bad)
  }
}

/** Keys [start, end) that hold the k-th smallest, and how many come before `start`. */
interface KeyRange {
  readonly start: number
  readonly end: number
  readonly below: number
  /** The k-th is the last of the range. */
  readonly whole: boolean
}

/** Follows the k-th smallest key down its digits, to a single key or to a range that ends with it. */
async function narrow(
  count: CountGroup,
  digits: readonly number[],
  within: number | null,
  k: number,
): Promise<KeyRange> {
  let shift = 31
  let prefix = 0
  let below = 0
  let whole = false
  for (const bits of digits) {
    shift -= bits
    const counts = new Float64Array(2 ** bits)
    await count(counts, { shift, bits, prefix, within })
    let bin = 0
    while (bin < counts.length - 1 && below + counts[bin] < k) below += counts[bin++]
    prefix = prefix * 2 ** bits + bin
    whole = below + counts[bin] === k
    if (whole) break
  }
  return { start: prefix * 2 ** shift, end: (prefix + 1) * 2 ** shift, below, whole }
}

/** Counts one matrix; on the first digit, where every score is seen, refuses scores that are not finite. */
export async function countScores(
  kernels: PruneKernels,
  counts: Float64Array,
  scored: Scored,
  digit: Digit,
  name: string,
): Promise<void> {
  const first = digit.within === null && digit.shift + digit.bits === 31
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
      `${name}: ${count} pruning scores are not finite; the weights or the calibration activations contain NaN, infinite or huge values: inspect the checkpoint with --stats`,
    )
}

/** The f32 value of a bit pattern. */
function valueOf(pattern: number): number {
  return new Float32Array(Uint32Array.of(pattern).buffer)[0]
}
