// Attention by batched products: scores of as many heads as scratch holds, softmax in place, and the products of the
// backward. Heads that share a kv head are taken one after the other, so that their sums have a fixed order.
import { EngineError } from '../../../errors.ts'
import type { AttentionShape, Kernels } from '../../kernels.ts'
import { reshape, rows, slice, type Tensor } from '../../tensor.ts'
import { defineShader, f32, foldGroups, type Gpu, gridOf, groupSize, maxGroups, pieces, variant } from '../shader.ts'
import { tanhSafe } from './activations.ts'
import { perElement } from './elementwise.ts'
import type { Batch } from './gemm/params.ts'
import { product, runProduct, type Product } from './gemm/multiply.ts'
import { groupMax } from './losses.ts'
import { groupSum } from './reduce.ts'

type Attention = Pick<Kernels, 'attention' | 'attentionBackward'>

/** Scores held at once, in bytes. */
const scoreBytes = 64 * 2 ** 20

/** WGSL: what places of scores [batch, kv head, query, key] mean. Heads of this call are firstHead + kv·headStep. */
const places = /* wgsl */ `
fn sees(batch: u32, query: u32, key: u32) -> bool {
  if (key > query || (p.window > 0u && key + p.window <= query)) { return false; }
  return p.hasMask == 0u || keyMask[p.keyMaskAt + batch * p.seqLen + key] != 0;
}
// Index into [B·T, H].
fn statistic(batch: u32, kvHead: u32, query: u32) -> u32 {
  return (batch * p.seqLen + query) * p.numHeads + p.firstHead + kvHead * p.headStep;
}
`

const softmax = defineShader(
  'attentionSoftmax',
  { scores: 'rw f32', logSum: 'rw f32', keyMask: 'i32' },
  {
    count: 'u32',
    seqLen: 'u32',
    kvHeads: 'u32',
    numHeads: 'u32',
    firstHead: 'u32',
    headStep: 'u32',
    window: 'u32',
    hasMask: 'u32',
  },
  /* wgsl */ `
${places}
${groupSum}
${groupMax}
const lowest = -3.0e38;
@compute @workgroup_size(${groupSize})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= p.count) { return; }
  let query = row % p.seqLen;
  let kvHead = (row / p.seqLen) % p.kvHeads;
  let batch = row / (p.seqLen * p.kvHeads);
  let base = p.scoresAt + row * p.seqLen;
  var top = lowest;
  for (var key = local; key <= query; key += ${groupSize}u) {
    if (sees(batch, query, key)) { top = max(top, scores[base + key]); }
  }
  let all = groupMax(top, local);
  var sum = 0.0;
  for (var key = local; key <= query; key += ${groupSize}u) {
    if (sees(batch, query, key)) { sum += exp(scores[base + key] - all); }
  }
  let total = groupSum(sum, local);
  let any = total > 0.0;
  let inverse = select(0.0, 1.0 / total, any);
  for (var key = local; key < p.seqLen; key += ${groupSize}u) {
    if (sees(batch, query, key)) { scores[base + key] = exp(scores[base + key] - all) * inverse; }
    else { scores[base + key] = 0.0; }
  }
  if (local == 0u) { logSum[p.logSumAt + statistic(batch, kvHead, query)] = select(0.0, all + log(total), any); }
}
`,
)

/**
 * Scores become probabilities P again, from the saved log Σ exp, and dP becomes dS = P · (dP − delta) · scale, times the
 * slope of the cap that scores went through.
 */
const scoreGradient = perElement(
  'attentionScoreGradient',
  { scores: 'rw f32', gradient: 'rw f32', logSum: 'f32', delta: 'f32', keyMask: 'i32' },
  {
    seqLen: 'u32',
    kvHeads: 'u32',
    numHeads: 'u32',
    firstHead: 'u32',
    headStep: 'u32',
    window: 'u32',
    hasMask: 'u32',
    scale: 'f32',
    cap: 'f32',
  },
  /* wgsl */ `
  let key = i % p.seqLen;
  let query = (i / p.seqLen) % p.seqLen;
  let head = i / (p.seqLen * p.seqLen);
  let batch = head / p.kvHeads;
  if (!sees(batch, query, key)) {
    scores[p.scoresAt + i] = 0.0;
    gradient[p.gradientAt + i] = 0.0;
    return;
  }
  let at = statistic(batch, head % p.kvHeads, query);
  let score = scores[p.scoresAt + i];
  let share = exp(score - logSum[p.logSumAt + at]);
  var slope = p.scale;
  if (p.cap > 0.0) { slope *= 1.0 - (score / p.cap) * (score / p.cap); }
  scores[p.scoresAt + i] = share;
  gradient[p.gradientAt + i] = share * (gradient[p.gradientAt + i] - delta[p.deltaAt + at]) * slope;`,
  places,
)

/** Scores s become cap · tanh(s / cap). */
const cap = perElement(
  'attentionCap',
  { scores: 'rw f32' },
  { cap: 'f32' },
  'scores[p.scoresAt + i] = p.cap * tanhSafe(scores[p.scoresAt + i] / p.cap);',
  tanhSafe,
)

const variants = {
  softmax: variant(softmax),
  scoreGradient: variant(scoreGradient),
  cap: variant(cap),
}

/** Some sequences and kv heads, with one query head for each kv head. */
interface Chunk {
  /** Sequences [firstBatch, firstBatch + batches). */
  readonly firstBatch: number
  readonly batches: number
  readonly firstKvHead: number
  readonly kvHeads: number
  /** Query heads are (firstKvHead + i)·group + member. */
  readonly member: number
  readonly group: number
}

function* chunks(gpu: Gpu, shape: AttentionShape): Generator<Chunk> {
  const { batch, seqLen, numHeads, numKvHeads, headDim } = shape
  if (numHeads % numKvHeads !== 0)
    throw new EngineError('unsupported', `${numHeads} heads cannot share ${numKvHeads} key and value heads evenly`)
  const group = numHeads / numKvHeads
  const scores = seqLen * seqLen
  const held = Math.floor(Math.min(scoreBytes / 4, gpu.windowBytes / 4, gpu.flopsPerDispatch / (2 * headDim)) / scores)
  const fit = Math.max(1, Math.min(held, maxGroups))
  const sequences = Math.floor(gpu.windowBytes / (4 * seqLen * numHeads * headDim))
  const batchesAtOnce = Math.max(1, Math.min(sequences, Math.floor(fit / numKvHeads)))
  for (const [b0, b1] of pieces(batch, batchesAtOnce))
    for (const [h0, h1] of pieces(numKvHeads, Math.min(fit, numKvHeads)))
      for (let member = 0; member < group; member++)
        yield { firstBatch: b0, batches: b1 - b0, firstKvHead: h0, kvHeads: h1 - h0, member, group }
}

/** One operand of a batched product: where its first matrix begins, its row stride, and its strides between matrices. */
interface Operand {
  tensor: Tensor
  stride: number
  step: readonly [number, number]
}

/** The operands of a chunk: views of the caller's tensors, and scratch for scores. */
function operands(shape: AttentionShape, c: Chunk) {
  const { seqLen, numHeads, numKvHeads, headDim } = shape
  const view = (tensor: Tensor, heads: number, head: number, headStep: number): Operand => {
    const width = heads * headDim
    const start = c.firstBatch * seqLen * width + head * headDim
    return {
      tensor: slice(tensor, start, [tensor.length - start]),
      stride: width,
      step: [seqLen * width, headStep * headDim],
    }
  }
  return {
    ofQuery: (t: Tensor) => view(t, numHeads, c.firstKvHead * c.group + c.member, c.group),
    ofKey: (t: Tensor) => view(t, numKvHeads, c.firstKvHead, 1),
    ofScores: (t: Tensor): Operand => ({
      tensor: t,
      stride: seqLen,
      step: [c.kvHeads * seqLen * seqLen, seqLen * seqLen],
    }),
    /** Rows of a [B·T, …] tensor of the chunk's sequences. */
    ofRows: (t: Tensor, width: number) =>
      rows(reshape(t, [t.length / width, width]), c.firstBatch * seqLen, (c.firstBatch + c.batches) * seqLen),
  }
}

function batched(
  gpu: Gpu,
  c: Chunk,
  [out, a, b]: [Operand, Operand, Operand],
  [m, n, k]: [number, number, number],
  options: Partial<Product>,
): void {
  const batch: Batch = { count: c.batches * c.kvHeads, inner: c.kvHeads, a: a.step, b: b.step, out: out.step }
  runProduct(
    gpu,
    product(out.tensor, a.tensor, b.tensor, [m, n, k], {
      ...options,
      ...{ lda: a.stride, ldb: b.stride, ldc: out.stride },
    }),
    batch,
  )
}

function headParams(shape: AttentionShape, c: Chunk): number[] {
  return [shape.seqLen, c.kvHeads, shape.numHeads, c.firstKvHead * c.group + c.member, c.group]
}

/** Scores of a chunk: scale · q·kᵀ, capped. */
function scoresOf(gpu: Gpu, shape: AttentionShape, c: Chunk, scores: Tensor, q: Tensor, k: Tensor): void {
  const { seqLen: t, headDim: d, scale, softcap } = shape
  const { ofQuery, ofKey, ofScores } = operands(shape, c)
  batched(gpu, c, [ofScores(scores), ofQuery(q), ofKey(k)], [t, t, d], { transB: true, alpha: scale })
  if (softcap === 0) return
  gpu.run({
    variant: variants.cap,
    tensors: [scores],
    params: [scores.length, f32(softcap)],
    groups: gridOf(scores.length),
  })
}

export function attentionOf(gpu: Gpu, kernels: Pick<Kernels, 'rowDot'>): Attention {
  return {
    attention(out, logSum, q, k, v, keyMask, shape) {
      const { seqLen: t, headDim: d, numHeads, window } = shape
      let scratch: Tensor | null = null
      for (const c of chunks(gpu, shape)) {
        const { ofQuery, ofKey, ofScores, ofRows } = operands(shape, c)
        const count = c.batches * c.kvHeads * t
        scratch ??= gpu.scratch([count * t])
        const scores = slice(scratch, 0, [count * t])
        scoresOf(gpu, shape, c, scores, q, k)
        const mask = keyMask && ofRows(keyMask, 1)
        const unread = slice(q, 0, [1])
        gpu.run({
          variant: variants.softmax,
          tensors: [scores, ofRows(logSum, numHeads), mask ?? unread],
          params: [count, ...headParams(shape, c), window, Number(mask !== null)],
          groups: foldGroups(count),
        })
        batched(gpu, c, [ofQuery(out), ofScores(scores), ofKey(v)], [t, d, t], {})
      }
    },
    attentionBackward(dQ, dK, dV, dOut, out, logSum, q, k, v, keyMask, shape) {
      const { seqLen: t, headDim: d, numHeads, scale, window, softcap } = shape
      const delta = gpu.scratch([logSum.length])
      kernels.rowDot(delta, dOut, out)
      let scratch: [Tensor, Tensor] | null = null
      for (const c of chunks(gpu, shape)) {
        const { ofQuery, ofKey, ofScores, ofRows } = operands(shape, c)
        const length = c.batches * c.kvHeads * t * t
        scratch ??= [gpu.scratch([length]), gpu.scratch([length])]
        const [scores, gradient] = scratch.map((s) => slice(s, 0, [length]))
        const beta = c.member === 0 ? 0 : 1
        scoresOf(gpu, shape, c, scores, q, k)
        batched(gpu, c, [ofScores(gradient), ofQuery(dOut), ofKey(v)], [t, t, d], { transB: true })
        const mask = keyMask && ofRows(keyMask, 1)
        gpu.run({
          variant: variants.scoreGradient,
          tensors: [scores, gradient, ofRows(logSum, numHeads), ofRows(delta, numHeads), mask ?? slice(q, 0, [1])],
          params: [length, ...headParams(shape, c), window, Number(mask !== null), f32(scale), f32(softcap)],
          groups: gridOf(length),
        })
        batched(gpu, c, [ofKey(dV), ofScores(scores), ofQuery(dOut)], [t, d, t], { transA: true, beta })
        batched(gpu, c, [ofQuery(dQ), ofScores(gradient), ofKey(k)], [t, d, t], {})
        batched(gpu, c, [ofKey(dK), ofScores(gradient), ofQuery(q)], [t, d, t], { transA: true, beta })
      }
    },
  }
}
