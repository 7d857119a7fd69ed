// Attention of one query over cached keys and values: probabilities first, a workgroup a head, then their mean of the values.
import type { Kernels } from '../../kernels.ts'
import { defineShader, f32, foldGroups, type Gpu, groupSize, variant } from '../shader.ts'
import { tanhSafe } from './activations.ts'
import { groupMax } from './losses.ts'
import { rowMain } from './reduce.ts'

const probabilities = defineShader(
  'attentionStepProbabilities',
  { scores: 'rw f32', q: 'f32', keys: 'f32' },
  { count: 'u32', group: 'u32', kvWidth: 'u32', headDim: 'u32', first: 'u32', seen: 'u32', scale: 'f32', cap: 'f32' },
  /* wgsl */ `
${groupMax}
${tanhSafe}
fn ofRow(head: u32, local: u32) {
  let base = p.scoresAt + head * p.seen;
  let query = p.qAt + head * p.headDim;
  var top = -3.0e38;
  for (var i = local; i < p.seen; i += ${groupSize}u) {
    let key = p.keysAt + (p.first + i) * p.kvWidth + (head / p.group) * p.headDim;
    var dot = 0.0;
    for (var d = 0u; d < p.headDim; d++) { dot += q[query + d] * keys[key + d]; }
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
}
${rowMain}`,
)

const mixture = defineShader(
  'attentionStepMixture',
  { y: 'rw f32', scores: 'f32', values: 'f32' },
  { count: 'u32', group: 'u32', kvWidth: 'u32', headDim: 'u32', first: 'u32', seen: 'u32' },
  /* wgsl */ `
fn ofRow(head: u32, local: u32) {
  for (var d = local; d < p.headDim; d += ${groupSize}u) {
    var value = p.valuesAt + p.first * p.kvWidth + (head / p.group) * p.headDim + d;
    var sum = 0.0;
    for (var i = 0u; i < p.seen; i++) {
      sum += scores[p.scoresAt + head * p.seen + i] * values[value];
      value += p.kvWidth;
    }
    y[p.yAt + head * p.headDim + d] = sum;
  }
}
${rowMain}`,
)

const variants = { probabilities: variant(probabilities), mixture: variant(mixture) }

export function attentionStepOf(gpu: Gpu, { copy }: Pick<Kernels, 'copy'>): Pick<Kernels, 'attentionStep'> {
  return {
    attentionStep(out, q, k, v, keys, values, { length, numHeads, numKvHeads, headDim, scale, window, softcap }) {
      const last = { rows: 1, groups: 1, width: k.length, outRow: 0, outGroup: 0, inRow: 0, inGroup: 0, inOffset: 0 }
      copy(keys, k, { ...last, outOffset: (length - 1) * k.length })
      copy(values, v, { ...last, outOffset: (length - 1) * v.length })
      const first = window > 0 ? Math.max(0, length - window) : 0
      const seen = length - first
      const scores = gpu.scratch([numHeads * seen])
      const shape = [numHeads, numHeads / numKvHeads, numKvHeads * headDim, headDim, first, seen]
      const groups = foldGroups(numHeads)
      gpu.run({
        variant: variants.probabilities,
        tensors: [scores, q, keys],
        params: [...shape, f32(scale), f32(softcap)],
        groups,
      })
      gpu.run({ variant: variants.mixture, tensors: [out, scores, values], params: shape, groups })
    },
  }
}
