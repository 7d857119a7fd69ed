// Final norm and head: logits and loss in tiles of tokens over chunks of the vocabulary, never tokens × vocabulary.
import { readF32, type Backend } from '../compute/backend.ts'
import { Arena } from '../compute/arena.ts'
import type { DenseLoss } from '../compute/kernels.ts'
import { rows, slice, type Tensor } from '../compute/tensor.ts'
import type { ModelConfig } from '../../catalog/families/modelConfig.ts'
import { headTileRows } from '../../plan/passMemory.ts'
import { chunksOf, type Ends, type Head, headPart } from './ends.ts'
import { linearBackward, linearForward, otherOperand, productInput } from './linear.ts'
import { rangesOf, type Grads, type Linear, type RowRange, type Step, scaled } from './module.ts'
import { normBackward, normForward, type NormSaved } from './norm.ts'

/** Output of the dense model's last block for the same tokens, and how much it counts in the loss. */
export interface DenseTarget {
  readonly ends: Ends
  /** [N, C]. */
  readonly hidden: Tensor
  readonly loss: DenseLoss
}

export interface HeadTargets {
  /** [N], below 0 = ignored. */
  readonly targets: Int32Array<ArrayBuffer>
  /** [N]: the gradient of the loss with respect to each row's nll. Only needed for a backward. */
  readonly weights?: Float32Array<ArrayBuffer>
  readonly dense?: DenseTarget
  /** Arena of the tensors that losses are read from; default: the step's arena. */
  readonly kept?: Arena
}

export interface HeadResult {
  /** nll [N], 0 at ignored targets. Waits for the device. */
  readNll(): Promise<Float32Array<ArrayBuffer>>
  /** What is minimised [N]: nll, or (1 − w)·nll + w·T²·KL(dense ‖ own) against a dense target. Waits for the device. */
  readLoss(): Promise<Float32Array<ArrayBuffer>>
  /** [N]: 1 where no token has a larger logit than the target. Waits for the device. */
  readLikeliest(): Promise<Uint8Array<ArrayBuffer>>
  /** Gradient with respect to the last block's output [N, C], in the step's arena; null without a backward. */
  readonly dHidden: Tensor | null
}

/**
 * hidden [N,C], the last block's output → nll of each target, and with `grads` the gradients of
 * Σ_n weights[n] · loss[n]: dHidden, and those of final norm, projection and head that are wanted.
 */
export function headLoss(
  step: Step,
  ends: Ends,
  hidden: Tensor,
  { targets, weights, dense, kept = step.arena }: HeadTargets,
  grads: Grads | null,
): HeadResult {
  const { backend, arena } = step
  using scope = new Arena(backend)
  const reached = intoHead(step, scope, ends, hidden)
  const numRows = targets.length
  const sums = createSums(backend, kept, numRows)
  const compared = dense && compareWith(step, scope, dense, kept)
  const device = {
    targets: scope.upload([numRows], 'i32', targets),
    weights: grads && weights ? scope.upload([numRows], 'f32', weights) : null,
  }
  const isLast = !ends.finalNorm && !ends.projectOut
  const dReached = grads ? (isLast ? arena : scope).allocate(reached.output.shape) : null
  for (const tile of tilesOf(numRows, ends.config.vocabSize, grads !== null, compared ? 2 : 1)) {
    lossOfTile(step, ends, cutTile(tile, reached.output, sums, device, dReached, compared), grads)
  }
  const dHidden = grads && dReached ? outOfHead(step, scope, ends, reached, dReached, grads) : null
  return {
    dHidden,
    readNll: () => readNll(step, sums, targets),
    readLoss: async () => {
      const [nll, divergence] = await Promise.all([
        readNll(step, sums, targets),
        compared ? readDivergence(step, compared.divergence) : null,
      ])
      if (!compared || !divergence) return nll
      const { dense: share, temperature } = compared.loss
      return nll.map((text, n) => (targets[n] < 0 ? 0 : (1 - share) * text + share * temperature ** 2 * divergence[n]))
    },
    readLikeliest: async () => {
      const [max, target] = await Promise.all([sums.max, sums.target].map((tensor) => readF32(backend, tensor)))
      return Uint8Array.from(target, (logit, n) => Number(targets[n] >= 0 && logit >= max[n]))
    },
  }
}

/** Calls `onPiece` with the logits of `hidden`, piece by piece: rows from `firstRow` on, tokens [firstToken, firstToken + width). */
export async function readLogits(
  step: Step,
  ends: Ends,
  hidden: Tensor,
  onPiece: (firstRow: number, logits: Float32Array, firstToken: number, width: number) => Promise<void>,
): Promise<void> {
  using scope = new Arena(step.backend)
  const reached = intoHead(step, scope, ends, hidden)
  for (const { start, end } of tilesOf(hidden.shape[0], ends.config.vocabSize, false)) {
    for (const chunk of chunksOf(ends.config, false)) {
      using inner = new Arena(step.backend)
      const { logits } = chunkLogits(step, inner, ends, rows(reached.output, start, end), chunk)
      await onPiece(start, await readF32(step.backend, logits), chunk.start, chunk.end - chunk.start)
    }
  }
}

/** Logits [1, V] of the last of `hidden`'s rows [N, C], in the step's arena. */
export function lastLogits(step: Step, ends: Ends, hidden: Tensor): Tensor {
  const { arena, backend } = step
  using scope = new Arena(backend)
  const numRows = hidden.shape[0]
  const { output } = intoHead(step, scope, ends, rows(hidden, numRows - 1, numRows))
  const { vocabSize, logitsCap } = ends.config
  const logits = arena.allocate([1, vocabSize])
  for (const chunk of chunksOf(ends.config, false)) {
    const part = slice(logits, chunk.start, [1, chunk.end - chunk.start])
    multiplyChunk(step, ends.head, output, chunk, part)
  }
  return capped(step, arena, logits, logitsCap)
}

interface Reached {
  readonly normed: Tensor
  readonly normSaved: NormSaved | null
  /** Input of the head's products [N, E]. */
  readonly output: Tensor
}

function intoHead(step: Step, scope: Arena, { config, finalNorm, projectOut }: Ends, hidden: Tensor): Reached {
  const pass = { step, scope, saves: true, drop: () => undefined }
  const normed = finalNorm ? scope.allocate(hidden.shape) : hidden
  const normSaved = finalNorm ? normForward(pass, normed, finalNorm, hidden) : null
  // Scaling the head's input scales the logits, and the input is far smaller.
  if (!projectOut)
    return { normed, normSaved, output: productInput(step, scope, scaled(step, scope, normed, inputScale(config))) }
  const projected = scope.allocate([hidden.shape[0], projectOut.weight.shape[0]])
  linearForward(step, projected, projectOut, normed)
  return { normed, normSaved, output: productInput(step, scope, projected) }
}

function outOfHead(
  step: Step,
  scope: Arena,
  { config, finalNorm, projectOut }: Ends,
  { normed, normSaved }: Reached,
  dReached: Tensor,
  grads: Grads,
): Tensor {
  const dNormed = projectOut ? (finalNorm ? scope : step.arena).allocate(normed.shape) : dReached
  if (projectOut) linearBackward(step, projectOut, normed, dReached, grads, dNormed)
  const dOutput = scaled(step, finalNorm ? scope : step.arena, dNormed, inputScale(config))
  return finalNorm && normSaved ? normBackward(step, step.arena, finalNorm, normSaved, dOutput, grads) : dOutput
}

/** Scale of the head's input. Where logits are capped, it includes 1 / cap, so that products give the argument of the tanh. */
function inputScale({ logitsScale, logitsCap }: ModelConfig): number {
  return logitsCap > 0 ? logitsScale / logitsCap : logitsScale
}

/** cap · tanh(x), in `arena`; x itself without a cap. */
function capped({ backend }: Step, arena: Arena, x: Tensor, cap: number): Tensor {
  if (cap === 0) return x
  const tanh = arena.allocate(x.shape)
  backend.kernels.activation(tanh, x, 'tanh')
  const output = scaled({ backend }, arena, tanh, cap)
  if (output !== tanh) arena.release(tanh)
  return output
}

interface Sums {
  /** Each [N]. */
  readonly max: Tensor
  readonly sum: Tensor
  readonly target: Tensor
}

function createSums(backend: Backend, arena: Arena, numRows: number): Sums {
  const [max, sum, target] = [0, 1, 2].map(() => arena.allocate([numRows]))
  backend.kernels.fill(max, -Infinity)
  backend.kernels.fill(sum, 0)
  backend.kernels.fill(target, 0)
  return { max, sum, target }
}

async function readNll({ backend }: Step, sums: Sums, targets: Int32Array): Promise<Float32Array<ArrayBuffer>> {
  const [max, sum, target] = await Promise.all(
    [sums.max, sums.sum, sums.target].map((tensor) => readF32(backend, tensor)),
  )
  return Float32Array.from(targets, (t, n) => (t < 0 ? 0 : max[n] + Math.log(sum[n]) - target[n]))
}

/** The dense model at the head: the input of its products, and the running sums of its divergence. */
interface Compared {
  readonly step: Step
  readonly ends: Ends
  /** [N, E]. */
  readonly input: Tensor
  /** [N, 5], as `divergenceChunk` keeps them. */
  readonly divergence: Tensor
  readonly loss: DenseLoss
}

function compareWith(step: Step, scope: Arena, { ends, hidden, loss }: DenseTarget, kept: Arena): Compared {
  // Nothing of the dense model is trained.
  const own: Step = { ...step, adapterOf: undefined }
  const numRows = hidden.shape[0]
  const empty = [-Infinity, 0, -Infinity, 0, 0]
  const sums = Float32Array.from({ length: 5 * numRows }, (_, i) => empty[i % 5])
  const divergence = kept.upload([numRows, 5], 'f32', sums)
  return { step: own, ends, input: intoHead(own, scope, ends, hidden).output, divergence, loss }
}

/** KL(dense ‖ own) at the temperature [N]. */
async function readDivergence({ backend }: Step, sums: Tensor): Promise<Float32Array<ArrayBuffer>> {
  const of = await readF32(backend, sums)
  return Float32Array.from({ length: of.length / 5 }, (_, n) => {
    const [max, sum, denseMax, denseSum, cross] = of.subarray(5 * n, 5 * n + 5)
    return cross / denseSum + (max + Math.log(sum)) - (denseMax + Math.log(denseSum))
  })
}

interface Tile {
  readonly input: Tensor
  readonly sums: Sums
  readonly targets: Tensor
  readonly weights: Tensor | null
  readonly dInput: Tensor | null
  readonly compared?: Compared
}

function cutTile(
  { start, end }: RowRange,
  input: Tensor,
  sums: Sums,
  device: { targets: Tensor; weights: Tensor | null },
  dInput: Tensor | null,
  compared: Compared | undefined,
): Tile {
  const cut = (tensor: Tensor) => rows(tensor, start, end)
  return {
    input: cut(input),
    sums: { max: cut(sums.max), sum: cut(sums.sum), target: cut(sums.target) },
    targets: cut(device.targets),
    weights: device.weights && cut(device.weights),
    dInput: dInput && cut(dInput),
    compared: compared && { ...compared, input: cut(compared.input), divergence: cut(compared.divergence) },
  }
}

/** Goes over the chunks twice: for the log-sum-exp, then for the gradient, which needs the whole sum. Logits are computed once. */
function lossOfTile(step: Step, ends: Ends, tile: Tile, grads: Grads | null): void {
  const { kernels } = step.backend
  using kept = new Arena(step.backend)
  const chunks = chunksOf(ends.config, grads !== null && !step.backend.traits.inHostMemory)
  const parts = chunks.map((chunk) => {
    const part = chunkLogits(step, kept, ends, tile.input, chunk)
    kernels.logSumExpChunk(tile.sums.max, tile.sums.sum, tile.sums.target, part.logits, tile.targets, chunk.start)
    const dense = tile.compared && chunkLogits(tile.compared.step, kept, tile.compared.ends, tile.compared.input, chunk)
    if (tile.compared && dense)
      kernels.divergenceChunk(tile.compared.divergence, part.logits, dense.logits, tile.compared.loss.temperature)
    if (!grads) for (const one of [part, dense]) if (one) releaseLogits(kept, one)
    return { ...part, dense }
  })
  const { weights, dInput, compared } = tile
  if (!grads || !weights || !dInput) return
  chunks.forEach((chunk, i) => {
    const { logits, product, dense } = parts[i]
    const { max: runMax, sum: runSum } = tile.sums
    if (compared && dense) {
      const streams = { runMax, runSum, divergence: compared.divergence }
      kernels.distillBackwardChunk(logits, dense.logits, streams, tile.targets, weights, compared.loss, chunk.start)
      releaseLogits(kept, dense)
    } else kernels.crossEntropyBackwardChunk(logits, runMax, runSum, tile.targets, weights, chunk.start)
    const dLogits = scaled(step, kept, logits, ends.config.logitsCap || 1)
    if (product !== logits) kernels.activationBackward(dLogits, dLogits, product, 'tanh')
    chunkBackward(step, ends, tile.input, dLogits, chunk, grads, dInput)
    if (dLogits !== logits) kept.release(dLogits)
    releaseLogits(kept, parts[i])
  })
}

interface ChunkLogits {
  readonly logits: Tensor
  /** Output of the head's product: `logits` itself where nothing caps them. */
  readonly product: Tensor
}

function chunkLogits(step: Step, scope: Arena, { head, config }: Ends, input: Tensor, chunk: RowRange): ChunkLogits {
  const product = scope.allocate([input.shape[0], chunk.end - chunk.start])
  multiplyChunk(step, head, input, chunk, product)
  return { logits: capped(step, scope, product, config.logitsCap), product }
}

function releaseLogits(scope: Arena, { logits, product }: ChunkLogits): void {
  scope.release(logits)
  if (product !== logits) scope.release(product)
}

/** logits [N, Vc] = input · Wᵀ + bias, W the head's rows of a chunk. */
function multiplyChunk(step: Step, head: Head, input: Tensor, chunk: RowRange, logits: Tensor): void {
  using inner = new Arena(step.backend)
  const part = headPart(head, chunk)
  const weight = otherOperand(step, inner, input, effectivePart(step, inner, part, chunk))
  step.backend.kernels.linear(logits, input, weight, part.bias)
}

/** dInput is written by the first chunk and added to by the others; dHead rows are added. */
function chunkBackward(
  step: Step,
  ends: Ends,
  input: Tensor,
  dLogits: Tensor,
  chunk: RowRange,
  grads: Grads,
  dInput: Tensor,
): void {
  const { kernels } = step.backend
  using inner = new Arena(step.backend)
  const d = otherOperand(step, inner, input, dLogits)
  const part = headPart(ends.head, chunk)
  const weight = otherOperand(step, inner, d, effectivePart(step, inner, part, chunk))
  kernels.linearBackwardInput(dInput, d, weight, chunk.start > 0)
  const dHead = grads.of(ends.head.table.name)
  if (dHead) kernels.linearBackwardWeight(rows(dHead, chunk.start, chunk.end), d, input)
  const dBias = ends.head.bias && grads.of(`${ends.head.name}.bias`)
  if (dBias) kernels.columnSum(slice(dBias, chunk.start, [chunk.end - chunk.start]), dLogits)
  step.adapterOf?.(part)?.backward(step.backend, inner, part, d, input, chunk)
}

/** The head's rows of a chunk [Vc, E], through its adapter where it has one. */
function effectivePart(step: Step, scope: Arena, part: Linear, chunk: RowRange): Tensor {
  return step.adapterOf?.(part)?.effectiveWeight(step.backend, scope, part, chunk) ?? part.weight
}

function tilesOf(numRows: number, vocabSize: number, keepsLogits: boolean, models = 1): RowRange[] {
  return rangesOf(numRows, headTileRows(vocabSize, keepsLogits, models))
}
