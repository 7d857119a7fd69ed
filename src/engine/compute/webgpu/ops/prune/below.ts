// Masks from a cut through the sorted scores: all below it go, and of those on it the first in row-major order.
import { rows, type Tensor } from '../../../tensor.ts'
import type { Columns } from '../../../pruneKernels.ts'
import type { Gpu } from '../../gpu.ts'
import { defineShader, gridOf, variant } from '../../shader.ts'
import { elementMain } from '../elementwise.ts'
import {
  cutKey,
  cutParams,
  cutTensors,
  rowWindows,
  scoreBindings,
  scoreKey,
  scoreParams,
  scoreTensors,
} from './score.ts'

/** Rows before `row` give all of their ties, `row` gives its first `ties`, later ones none. */
export interface TieCut {
  readonly row: number
  readonly ties: number
}

/** An invocation makes one word of the mask; in the row of the cut it counts the ties before it. */
const maskBelow = defineShader(
  'pruneMaskBelow',
  { bits: 'rw u32', ...scoreTensors, ...cutTensors },
  {
    ...scoreParams,
    ...cutParams,
    length: 'u32',
    firstRow: 'u32',
    first: 'u32',
    end: 'u32',
    firstWord: 'u32',
    words: 'u32',
    rowWords: 'u32',
    limit: 'u32',
    cutRow: 'u32',
    cutTies: 'u32',
  },
  /* wgsl */ `
${scoreKey}${cutKey}
fn element(i: u32) {
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
  bits[at] = kept;
}
${elementMain}`,
)

const of = variant(maskBelow)
/** `found`: limit and cut are what it holds. */
export function runMaskBelow(
  gpu: Gpu,
  mask: Tensor,
  weight: Tensor,
  scale: Tensor | null,
  columns: Columns,
  limit: number,
  cut: TieCut,
  found: Tensor | null = null,
): void {
  const [firstWord, lastWord] = [columns.start >> 5, (columns.end - 1) >> 5]
  const words = lastWord - firstWord + 1
  for (const { part, start, count } of rowWindows(gpu, weight, columns.end - columns.start)) {
    const { tensors, params } = scoreBindings(part, scale)
    const place = [count * words, start, columns.start, columns.end, firstWord, words, mask.shape[1]]
    gpu.run({
      variant: of,
      tensors: [rows(mask, start, start + count), ...tensors, found ?? part],
      params: [...params, Number(found !== null), ...place, limit, cut.row, cut.ties],
      groups: gridOf(count * words),
    })
  }
}
