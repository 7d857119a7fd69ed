// Self-attention: projections (separate or fused), norms of heads, rotary positions, attention, output projection.
import type { Arena } from '../compute/arena.ts'
import type { AttentionShape, CopyShape } from '../compute/kernels.ts'
import { reshape, rows, type Tensor } from '../compute/tensor.ts'
import type { ModelConfig } from '../../catalog/families/modelConfig.ts'
import type { RopeConfig } from '../../catalog/families/ropeConfig.ts'
import { breathe } from '../breathe.ts'
import { rememberBeginning, roomForNext } from './kvCache.ts'
import {
  gainsTogether,
  linearBackward,
  linearForward,
  linearsBackward,
  linearsForward,
  productInput,
  readType,
} from './linear.ts'
import { eachTime, gathered, type Grads, type Linear, reversed, type Step } from './module.ts'
import { normBackward, normForward, type Norm, type NormSaved } from './norm.ts'
import type { Pass } from './pass.ts'
import { rotate, rotationOf } from './rope.ts'

export interface AttentionWeights {
  /** Index of its block. */
  readonly block: number
  /** Three linears, or one that gives all three. */
  readonly projections: readonly Linear[]
  readonly out: Linear
  readonly qNorm: Norm | null
  readonly kNorm: Norm | null
  readonly scale: number
  /** 0 = none. */
  readonly window: number
  /** null where queries and keys are not rotated. */
  readonly rope: RopeConfig | null
}

export interface AttentionSaved {
  /** The input as the projections read it. */
  readonly x: Tensor
  /** Queries and keys as attention reads them: after their norms and the rotation of their positions. */
  readonly q: Tensor
  readonly k: Tensor
  readonly v: Tensor
  readonly qNorm: NormSaved | null
  readonly kNorm: NormSaved | null
  /** [N, H·D] */
  readonly mixed: Tensor
  /** [N, H] */
  readonly logSum: Tensor
}

/** x [N,C], after the block's input norm if it has one → output [N,C], plus `residual` where given. `observe` sees the input of `out`. */
export async function attentionForward(
  pass: Pass,
  config: ModelConfig,
  weights: AttentionWeights,
  x: Tensor,
  output: Tensor,
  residual: Tensor | null,
): Promise<AttentionSaved> {
  const { step, scope } = pass
  const { kernels } = step.backend
  const input = productInput(step, scope, x)
  const projected = await project(pass, config, weights, input)
  if (input !== x) pass.drop(input)
  await breathe()
  const [normedQ, qNorm] = normHeads(pass, config, weights.qNorm, projected.q)
  const [normedK, kNorm] = normHeads(pass, config, weights.kNorm, projected.k)
  const [q, k, v] = [normedQ, normedK, projected.v].map((tensor) => moved(pass, tensor, step.packing?.rowOf))
  const { cache } = step
  const follows = cache !== undefined && cache.past > 0
  if (!follows) rotate(step, scope, config, weights.rope, { q, k }, false)
  // Rounded to bf16 only where no backward reads the f32 values and no rows are gathered first.
  const isRead = !pass.saves && step.packing === undefined
  const mixedPlaces = scope.allocate(q.shape, isRead ? readType(step, q.shape[0]) : 'f32')
  const logSum = scope.allocate([q.shape[0], config.numHeads])
  const shape = attentionShape(step, config, weights)
  if (cache && !follows) rememberBeginning(step.backend, cache, weights.block, k, v)
  const read = follows ? { q, k, v } : { q: operand(pass, q), k: operand(pass, k), v: operand(pass, v) }
  if (follows) {
    const rotation = rotationOf(step, scope, config, weights.rope)
    eachTime(step, () => {
      const { keys, values, length } = roomForNext(cache, weights.block)
      kernels.attentionStep(mixedPlaces, q, k, v, keys, values, { ...shape, length }, rotation)
    })
  } else attendAtOnce(pass, mixedPlaces, logSum, read, shape)
  await breathe()
  for (const tensor of [read.q, read.k, read.v]) pass.drop(tensor)
  const mixed = moved(pass, mixedPlaces, step.packing?.placeOf)
  step.observe?.([weights.out], mixed)
  linearForward(step, output, weights.out, mixed, residual)
  pass.drop(mixed)
  return { x: input, ...read, qNorm, kNorm, mixed, logSum }
}

/** Attention over all tokens of a batch. The fused kernel, used where no backward follows, does not write `logSum`. */
function attendAtOnce(
  { step, saves }: Pass,
  out: Tensor,
  logSum: Tensor,
  { q, k, v }: Heads,
  shape: AttentionShape,
): void {
  const { kernels, fused } = step.backend
  if (!saves && !step.keyMask && fused?.attentionAlone(out, q, k, v, shape)) return
  kernels.attention(out, logSum, q, k, v, step.keyMask, shape)
}

/** `tensor` as the products of attention read it. Where this is a rounded copy, the f32 tensor is released: nothing else reads it. */
function operand({ step, scope }: Pass, tensor: Tensor): Tensor {
  const read = productInput(step, scope, tensor)
  if (read !== tensor) scope.release(tensor)
  return read
}

/** Gathers the rows of a packed batch to its places, or back; returns the tensor itself where nothing is packed. */
function moved(pass: Pass, tensor: Tensor, rows: Tensor | undefined): Tensor {
  if (!rows) return tensor
  const output = gathered(pass.step, pass.scope, tensor, rows)
  pass.drop(tensor)
  return output
}

/** Writes dX [N,C] when it is wanted. The backward of the attention itself always runs, since a projection before it may need it. */
export async function attentionBackward(
  step: Step,
  scope: Arena,
  config: ModelConfig,
  weights: AttentionWeights,
  saved: AttentionSaved,
  dOutput: Tensor,
  grads: Grads,
  dX: Tensor | null,
): Promise<void> {
  const { kernels } = step.backend
  const { q, k, v, mixed, logSum } = saved
  const dMixed = scope.allocate(mixed.shape)
  linearBackward(step, weights.out, mixed, dOutput, grads, dMixed)
  await breathe()
  const [dQ, dK, dV] = allocateHeads(step, scope, config, q.shape[0], true)
  const shape = attentionShape(step, config, weights)
  kernels.attentionBackward(dQ, dK, dV, dMixed, mixed, logSum, q, k, v, step.keyMask, shape)
  await breathe()
  scope.release(dMixed)
  rotate(step, scope, config, weights.rope, { q: dQ, k: dK }, true)
  const dHeads = {
    q: headsBackward(step, scope, config, weights.qNorm, saved.qNorm, dQ, grads),
    k: headsBackward(step, scope, config, weights.kNorm, saved.kNorm, dK, grads),
    v: dV,
  }
  projectBackward(step, scope, config, weights, saved.x, dHeads, grads, dX)
}

interface Heads {
  readonly q: Tensor
  readonly k: Tensor
  readonly v: Tensor
}

/** Tensors for q, k and v. They may be views of one tensor if they are equally wide and `stay` allocated until the end of the scope. */
function allocateHeads(
  step: Step,
  scope: Arena,
  { numHeads, numKvHeads, headDim }: ModelConfig,
  numRows: number,
  stay: boolean,
): Tensor[] {
  if (numHeads !== numKvHeads || !stay || !gainsTogether(step))
    return [numHeads, numKvHeads, numKvHeads].map((heads) => scope.allocate([numRows, heads * headDim]))
  const all = scope.allocate([3 * numRows, numHeads * headDim])
  return [0, 1, 2].map((i) => rows(all, i * numRows, (i + 1) * numRows))
}

async function project(pass: Pass, config: ModelConfig, weights: AttentionWeights, x: Tensor): Promise<Heads> {
  const { step, scope } = pass
  const { projections } = weights
  const numRows = x.shape[0]
  const [queries, keys] = [config.numHeads * config.headDim, config.numKvHeads * config.headDim]
  const [q, k, v] = allocateHeads(step, scope, config, numRows, pass.saves)
  if (projections.length > 1) {
    await linearsForward(step, [q, k, v], projections, x)
    return { q, k, v }
  }
  const fused = scope.allocate([numRows, queries + 2 * keys])
  linearForward(step, fused, projections[0], x)
  const parts = fusedParts(config, numRows)
  ;[q, k, v].forEach((output, i) => step.backend.kernels.copy(output, fused, parts[i]))
  scope.release(fused)
  return { q, k, v }
}

function projectBackward(
  step: Step,
  scope: Arena,
  config: ModelConfig,
  { projections }: AttentionWeights,
  x: Tensor,
  { q, k, v }: Heads,
  grads: Grads,
  dX: Tensor | null,
): void {
  if (projections.length > 1) {
    linearsBackward(step, projections, x, [q, k, v], grads, dX)
    return
  }
  const numRows = x.shape[0]
  const dFused = scope.allocate([numRows, q.shape[1] + k.shape[1] + v.shape[1]])
  const parts = fusedParts(config, numRows)
  ;[q, k, v].forEach((d, i) => step.backend.kernels.copy(dFused, d, reversed(parts[i])))
  linearBackward(step, projections[0], x, dFused, grads, dX)
}

/** Offsets and strides of q, k and v in the fused projection's output. */
function fusedParts(config: ModelConfig, numRows: number): [CopyShape, CopyShape, CopyShape] {
  const { numHeads, numKvHeads, headDim, projection } = config
  const [queries, keys] = [numHeads * headDim, numKvHeads * headDim]
  const width = queries + 2 * keys
  const part = (outRow: number, inOffset: number): CopyShape => {
    // Per head: groups of [q | k | v] of one head each. Stacked: all of q, then all of k, then all of v.
    const perHead = projection === 'fusedPerHead'
    return {
      rows: numRows,
      groups: perHead ? numHeads : 1,
      width: perHead ? headDim : outRow,
      outRow,
      outGroup: perHead ? headDim : 0,
      outOffset: 0,
      inRow: width,
      inGroup: perHead ? 3 * headDim : 0,
      inOffset,
    }
  }
  if (projection === 'fusedPerHead') return [part(queries, 0), part(queries, headDim), part(queries, 2 * headDim)]
  return [part(queries, 0), part(keys, queries), part(keys, queries + keys)]
}

/** Normalises each head [N·H, D], or a whole token [N, H·D] (`rmsNormWide`). Without a norm, returns `x` itself. */
function normHeads(pass: Pass, config: ModelConfig, norm: Norm | null, x: Tensor): [Tensor, NormSaved | null] {
  if (!norm) return [x, null]
  const output = pass.scope.allocate(x.shape)
  const saved = normForward(pass, asNormed(config, output), norm, asNormed(config, x))
  pass.drop(x)
  return [output, saved]
}

function headsBackward(
  step: Step,
  scope: Arena,
  config: ModelConfig,
  norm: Norm | null,
  saved: NormSaved | null,
  dOutput: Tensor,
  grads: Grads,
): Tensor {
  if (!norm || !saved) return dOutput
  const dX = normBackward(step, scope, norm, saved, asNormed(config, dOutput), grads)
  return reshape(dX, dOutput.shape)
}

function asNormed({ qkNorm, headDim }: ModelConfig, x: Tensor): Tensor {
  return qkNorm === 'rmsNormWide' ? x : reshape(x, [x.length / headDim, headDim])
}

function attentionShape(step: Step, config: ModelConfig, { scale, window }: AttentionWeights): AttentionShape {
  const { numHeads, numKvHeads, headDim, scoreCap: softcap } = config
  return { batch: step.batch, seqLen: step.seqLen, numHeads, numKvHeads, headDim, scale, window, softcap }
}
