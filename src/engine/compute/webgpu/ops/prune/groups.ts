// N:M masks: a weight goes if fewer than n of its group of m come before it.
import type { NmPattern } from '../../../../../catalog/formats/sparsity.ts'
import { rows, type Tensor } from '../../../tensor.ts'
import type { Gpu } from '../../gpu.ts'
import { defineShader, gridOf, variant } from '../../shader.ts'
import { elementMain } from '../elementwise.ts'
import { rowWindows, scoreBindings, scoreKey, scoreParams, scoreTensors } from './score.ts'

/** An invocation makes one word of the mask. */
const maskGroups = defineShader(
  'pruneMaskGroups',
  { bits: 'rw u32', bad: 'rw atomic<u32>', ...scoreTensors },
  { ...scoreParams, length: 'u32', rowWords: 'u32', n: 'u32', m: 'u32' },
  /* wgsl */ `
${scoreKey}
fn element(i: u32) {
  let own = (i / p.rowWords) * p.width;
  let first = 32u * (i % p.rowWords);
  var kept = 0u;
  for (var c = first; c < min(p.width, first + 32u); c++) {
    let key = keyOf(own + c, c);
    let group = c - c % p.m;
    var before = 0u;
    for (var other = group; other < group + p.m; other++) {
      let otherKey = keyOf(own + other, other);
      before += u32(otherKey < key || (otherKey == key && other < c));
    }
    if (before >= p.n) { kept |= 1u << (c & 31u); }
    if (key >= infinite) { atomicAdd(&bad[p.badAt], 1u); }
  }
  bits[p.bitsAt + i] = kept;
}
${elementMain}`,
)

const of = variant(maskGroups)
/** bad[1] += scores that are not finite. */
export function runMaskGroups(
  gpu: Gpu,
  mask: Tensor,
  bad: Tensor,
  weight: Tensor,
  scale: Tensor | null,
  { n, m }: NmPattern,
): void {
  for (const { part, start, count } of rowWindows(gpu, weight)) {
    const { tensors, params } = scoreBindings(part, scale)
    const words = count * mask.shape[1]
    gpu.run({
      variant: of,
      tensors: [rows(mask, start, start + count), bad, ...tensors],
      params: [...params, words, mask.shape[1], n, m],
      groups: gridOf(words),
    })
  }
}
