// Attention of one query over cached keys and values, one workgroup per head: scores, their softmax, and the weighted mean of the values.
// Heads that share a key and a value each rotate the key of this step by its position; the first of them writes both to the caches.
import { EngineError } from '../../../errors.ts'
import type { Kernels } from '../../kernels.ts'
import { defineVariant, f32, type Gpu, groupMax, groupSize, lowest, rowMain, runEach } from '../shader.ts'
import { tanhSafe } from './activations.ts'

/** Channels of a head that a workgroup's memory has room for: twice as many as any model's. */
const widestHead = 1024

const step = defineVariant(
  'attentionStep',
  { y: 'rw f32', scores: 'rw f32', keys: 'rw f32', values: 'rw f32', q: 'f32', k: 'f32', v: 'f32', tables: 'f32' },
  {
    ...{ count: 'u32', group: 'u32', kvWidth: 'u32', headDim: 'u32', pairs: 'u32', first: 'u32', seen: 'u32' },
    ...{ scale: 'f32', cap: 'f32' },
  },
  /* wgsl */ `
${groupMax}
${tanhSafe}
var<workgroup> query: array<f32, ${widestHead}>;
var<workgroup> key: array<f32, ${widestHead}>;
// Channel d of a head, x, turned with the one that makes a pair with it.
fn turned(x: f32, other: f32, d: u32) -> f32 {
  let pair = p.tablesAt + select(d - p.pairs, d, d < p.pairs);
  let turn = tables[pair + p.pairs] * other;
  return x * tables[pair] + select(turn, -turn, d < p.pairs);
}
fn ofRow(head: u32, local: u32) {
  let base = p.scoresAt + head * p.seen;
  let own = (head / p.group) * p.headDim;
  let before = p.seen - 1u;
  for (var d = local; d < p.headDim; d += ${groupSize}u) {
    let at = vec2u(p.qAt + head * p.headDim, p.kAt + own);
    var x = vec2f(q[at.x + d], k[at.y + d]);
    if (d < 2u * p.pairs) {
      let other = at + select(d - p.pairs, d + p.pairs, d < p.pairs);
      x = vec2f(turned(x.x, q[other.x], d), turned(x.y, k[other.y], d));
    }
    query[d] = x.x;
    key[d] = x.y;
  }
  workgroupBarrier();
  if (head % p.group == 0u) {
    let place = (p.first + before) * p.kvWidth + own;
    for (var d = local; d < p.headDim; d += ${groupSize}u) {
      keys[p.keysAt + place + d] = key[d];
      values[p.valuesAt + place + d] = v[p.vAt + own + d];
    }
  }
  var top = ${lowest};
  for (var i = local; i < p.seen; i += ${groupSize}u) {
    var dot = 0.0;
    if (i == before) {
      for (var d = 0u; d < p.headDim; d++) { dot += query[d] * key[d]; }
    } else {
      let at = p.keysAt + (p.first + i) * p.kvWidth + own;
      for (var d = 0u; d < p.headDim; d++) { dot += query[d] * keys[at + d]; }
    }
    var score = dot * p.scale;
    if (p.cap > 0.0) { score = p.cap * tanhSafe(score / p.cap); }
    scores[base + i] = score;
    top = max(top, score);
  }
  let all = groupMax(top, local);
  var sum = 0.0;
  for (var i = local; i < p.seen; i += ${groupSize}u) {
    let e = exp(scores[base + i] - all);
    scores[base + i] = e;
    sum += e;
  }
  let inverse = 1.0 / groupSum(sum, local);
  for (var i = local; i < p.seen; i += ${groupSize}u) { scores[base + i] *= inverse; }
  storageBarrier();
  for (var d = local; d < p.headDim; d += ${groupSize}u) {
    var value = p.valuesAt + p.first * p.kvWidth + own + d;
    var mean = 0.0;
    for (var i = 0u; i < before; i++) {
      mean += scores[base + i] * values[value];
      value += p.kvWidth;
    }
    y[p.yAt + head * p.headDim + d] = mean + scores[base + before] * v[p.vAt + own + d];
  }
}
${rowMain}`,
)

export function attentionStepOf(gpu: Gpu): Pick<Kernels, 'attentionStep'> {
  return {
    attentionStep(out, q, k, v, keys, values, shape, rotation = null) {
      const { length, numHeads, numKvHeads, headDim, scale, window, softcap } = shape
      if (headDim > widestHead) throw new EngineError('unsupported', `heads of ${headDim} channels need --device cpu`)
      const first = window > 0 ? Math.max(0, length - window) : 0
      const seen = length - first
      const tensors = [out, gpu.scratch([numHeads * seen]), keys, values, q, k, v, rotation?.tables ?? q]
      const widths = [numHeads / numKvHeads, numKvHeads * headDim, headDim, (rotation?.rotaryDim ?? 0) / 2]
      runEach(gpu, step, numHeads, tensors, [...widths, first, seen, f32(scale), f32(softcap)])
    },
  }
}
