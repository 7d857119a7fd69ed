// Masks from a limit: all scores below it are pruned, and of the scores equal to it the first ones in row-major order.
import type { Kernels } from '../../../kernels.ts'
import { slice, type Tensor } from '../../../tensor.ts'
import { defineVariant, type Gpu, groupSize, perElement, runEach } from '../../shader.ts'
import type { PruneOps } from './index.ts'
import { countsOf, cutKey, cutParams, cutTensors, scoreKey, scoreParams, scoreTensors, scoreWindows } from './scores.ts'

/** An invocation writes one word of the mask; in the row where the ties run out, it first counts the ties before its word. */
const below = perElement(
  'pruneMaskBelow',
  { bits: 'rw u32', ...scoreTensors, ...cutTensors },
  {
    ...{ ...scoreParams, ...cutParams, firstRow: 'u32', first: 'u32', end: 'u32', firstWord: 'u32', words: 'u32' },
    ...{ rowWords: 'u32', limit: 'u32', cutRow: 'u32', cutTies: 'u32' },
  },
  /* wgsl */ `
  let row = i / p.words;
  let word = p.firstWord + i % p.words;
  let start = max(p.first, 32u * word);
  let limit = found(0u, p.limit);
  let cutRow = found(2u, p.cutRow);
  var left = select(0u, 32u, p.firstRow + row < cutRow);
  if (p.firstRow + row == cutRow) {
    left = found(1u, p.cutTies);
    for (var c = p.first; c < start && left > 0u; c++) { left -= u32(keyOf(row * p.width + c, c) == limit); }
  }
  let at = p.bitsAt + row * p.rowWords + word;
  var kept = bits[at];
  for (var c = start; c < min(p.end, 32u * word + 32u); c++) {
    let key = keyOf(row * p.width + c, c);
    let tie = key == limit && left > 0u;
    left -= u32(tie);
    let bit = 1u << (c & 31u);
    kept = select(kept | bit, kept & ~bit, key < limit || tie);
  }
  bits[at] = kept;`,
  scoreKey + cutKey,
)

// Masks by rank, found on the device: first the limit, digit by digit, then the row where ties run out. Each is found by one workgroup,
// which searches counts. The host would find the same (engine/prune/select.ts), but with a wait for every digit.

/** Bits of each digit of a key of 31 bits, from its top. */
const digits = [11, 10, 10]

/**
 * cut = [the key so far, how many of the rest go, the row where ties run out]. Finds the first index at which the running total of counts
 * reaches the number that go: the next digit of the key, or that row. `first`: starts from `rank`; bad, if 0, = counts from `infinite` on.
 */
const seek = defineVariant(
  'pruneSeek',
  { cut: 'rw u32', bad: 'rw u32', counts: 'u32' },
  { length: 'u32', bits: 'u32', first: 'u32', rank: 'u32', infinite: 'u32', ofRows: 'u32', allTies: 'u32' },
  /* wgsl */ `
var<workgroup> sums: array<u32, ${groupSize}>;

@compute @workgroup_size(${groupSize})
fn main(@builtin(local_invocation_index) local: u32) {
  let each = (p.length + ${groupSize - 1}u) / ${groupSize}u;
  var own = 0u;
  for (var i = local * each; i < min(local * each + each, p.length); i++) { own += counts[p.countsAt + i]; }
  sums[local] = own;
  workgroupBarrier();
  if (local > 0u) { return; }
  let wanted = select(cut[p.cutAt + 1u], p.rank, p.first == 1u);
  // So many of the ties go; they run out in the row that has one more.
  let target_ = select(wanted + p.ofRows, 0xffffffffu, p.allTies == 1u);
  var before = 0u;
  var part = 0u;
  for (; part < ${groupSize - 1}u && before + sums[part] < target_; part++) { before += sums[part]; }
  var i = min(part * each, p.length);
  for (; i < p.length && before + counts[p.countsAt + i] < target_; i++) { before += counts[p.countsAt + i]; }
  if (p.ofRows == 1u) {
    cut[p.cutAt + 1u] = select(0u, wanted - before, i < p.length);
    cut[p.cutAt + 2u] = i;
    return;
  }
  let prefix = select(cut[p.cutAt] << p.bits, 0u, p.first == 1u);
  cut[p.cutAt] = prefix | min(i, p.length - 1u);
  cut[p.cutAt + 1u] = wanted - before;
  if (p.first == 0u || bad[p.badAt] > 0u) { return; }
  for (var bin = p.infinite; bin < p.length; bin++) { bad[p.badAt] += counts[p.countsAt + bin]; }
}
`,
)

export function masksOf(gpu: Gpu, { fill }: Pick<Kernels, 'fill'>): Pick<PruneOps, 'maskBelow' | 'maskSmallest'> {
  const { countDigit, countTies } = countsOf(gpu)
  const maskBelow: PruneOps['maskBelow'] = (mask, scored, limit, { row, ties }, found = null) => {
    for (const { tensors, params, start, count, first, end, cut } of scoreWindows(gpu, scored, found)) {
      const firstWord = first >> 5
      const words = ((end - 1) >> 5) - firstWord + 1
      const place = [start, first, end, firstWord, words, mask.shape[1]]
      runEach(gpu, below, count * words, [cut(mask), ...tensors], [...params, ...place, limit, row, ties])
    }
  }
  return {
    maskBelow,
    maskSmallest(mask, bad, scored, rank, allTies) {
      const found = gpu.scratch([3], 'u32')
      const bins = gpu.scratch([digits.length * 2 ** digits[0]], 'u32')
      fill(bins, 0)
      const find = (counts: Tensor, params: number[]) =>
        gpu.run({
          variant: seek,
          tensors: [found, bad, counts],
          params: [counts.length, ...params],
          groups: [1, 1, 1],
        })
      let shift = 31
      digits.forEach((bits, i) => {
        shift -= bits
        const counts = slice(bins, i * 2 ** digits[0], [2 ** bits])
        countDigit(counts, scored, { shift, bits, prefix: 0 }, i === 0 ? null : found)
        // All patterns from 0x7f800000 on are infinite or NaN.
        find(counts, [bits, Number(i === 0), rank, 0xff << (bits - 8), 0, 0])
      })
      const ties = gpu.scratch([scored.weight.shape[0]], 'u32')
      countTies(ties, scored, 0, found)
      find(ties, [0, 0, 0, 0, 1, Number(allTies)])
      maskBelow(mask, scored, 0, { row: 0, ties: 0 }, found)
    },
  }
}
