// The whole model, a block at a time: losses of windows, and gradients of a batch, within a memory budget.
import { largest } from '../../formatting/lists.ts'
import { Arena } from '../compute/arena.ts'
import type { Backend } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import { breathe } from '../breathe.ts'
import {
  backwardScratchBytes,
  headScratchBytes,
  hiddenBytes,
  type PassSizes,
  planResidency,
  type Residency,
  savedBytes,
} from '../../plan/passMemory.ts'
import { passTokens, questionPlaces } from '../../plan/memory.ts'
import { checkBatch, targetsOf, type Batch } from './batch.ts'
import { blockBytes, type LoadOptions } from './block.ts'
import { blockForward } from './blockPass.ts'
import { createBlockProvider } from './blockProvider.ts'
import { productForm } from './computeIn.ts'
import { embed, type Ends, endsBytes, loadEnds, releaseEnds } from './ends.ts'
import {
  gradientsOfBatch,
  type BatchLoss,
  type GradientOptions,
  type PendingLoss,
  type TrainingPass,
} from './gradients.ts'
import { headLoss } from './head.ts'
import type { KvCache } from './kvCache.ts'
import type { Model } from './model.ts'
import type { Grads, Step } from './module.ts'
import { nextLogits, type NextOptions, type Stack } from './nextToken.ts'
import { embedPacked, packedStepOf, scorePairs, type PackedBatch, type PackedScores } from './packed.ts'
import { stepOf, type PassOptions } from './pass.ts'
import { blockParameters } from '../../catalog/families/parameters.ts'
import { hostBytes, type LoadAs } from './weights.ts'

export interface DecoderOptions extends Partial<LoadOptions> {
  /** Budget in bytes for all that a pass needs: weights, activations, scratch. Gradients and optimiser state are not part of it. */
  readonly memoryBytes: number
  /** Set when gradients follow: block inputs of a batch then stay in memory. */
  readonly training?: boolean
  /** Number of tokens in the largest batch that the decoder will be given. */
  readonly tokensPerPass?: number
}

export interface Decoder {
  readonly backend: Backend
  readonly model: Model
  readonly ends: Ends
  /** The plan by which the budget is spent. */
  readonly residency: Residency
  /** Number of places (batch · seqLen) in a batch of questions that the budget has room for. */
  readonly questionPlaces: number
  /** nll [batch · seqLen] of each batch, 0 at ignored targets. Each block is loaded once for all batches. */
  forwardNll(batches: readonly Batch[], options?: PassOptions): Promise<Float32Array[]>
  /** nll of one batch, computed from block `from` on. `hidden` [batch · seqLen, C], the input of that block, is not changed. */
  nllFrom(from: number, hidden: Tensor, batch: Batch, options?: PassOptions): Promise<Float32Array>
  /** Logits [V] after the next ids of one sequence, which are added to the cache. Only the first call may pass more than one id. */
  nextLogits(ids: Int32Array<ArrayBuffer>, cache: KvCache, options?: NextOptions): Promise<Float32Array>
  /** For each pair, the target's nll and whether the target is the likeliest token. Every distinct prefix is computed once. */
  forwardPacked(batches: readonly PackedBatch[], options?: PassOptions): Promise<PackedScores[]>
  /** Output of the last block [batch · seqLen, C], in the caller's arena. */
  lastHidden(batch: Batch, arena: Arena, options?: PassOptions): Promise<Tensor>
  /** Mean loss over the targets that count, and its gradients added to `grads` and to the adapters' own. */
  lossAndGradients(batch: Batch, grads: Grads, options?: GradientOptions): Promise<BatchLoss>
  /** As `lossAndGradients`, without waiting for the loss, whose tensors are allocated in `held`. */
  gradients(batch: Batch, grads: Grads, held: Arena, options?: GradientOptions): Promise<PendingLoss>
  /** Loads the resident blocks beforehand, which keeps the loading out of measured times. */
  prepare(): Promise<void>
  close(): Promise<void>
}

/**
 * Loads everything outside the blocks. As many blocks as the budget holds stay loaded once used; the others are read for each pass.
 * The caller closes the decoder. @throws EngineError 'out-of-memory' where the device has no room, and errors of reading the checkpoint.
 */
export async function createDecoder(backend: Backend, model: Model, options: DecoderOptions): Promise<Decoder> {
  const { training = false, tokensPerPass = passTokens, overrides } = options
  const { packs = !training && options.as === undefined } = options
  const { limitBytes, usedBytes } = backend.memory()
  const memoryBytes = Math.min(options.memoryBytes, limitBytes - usedBytes)
  const as = options.as ?? bestForm(backend, model, memoryBytes, tokensPerPass, training)
  const load: LoadOptions = { as, overrides, packs }
  const sizesFor = (numRows: number) => passSizes(model, load, numRows, training)
  const residency = planResidency(memoryBytes, sizesFor(tokensPerPass), training)
  const ends = await loadEnds(backend, model, load)
  const provider = createBlockProvider(backend, model, residency.residentBlocks, load)
  const stack = (pass: NextOptions): Stack => ({
    backend,
    ends,
    canRecord: residency.residentBlocks === model.config.numBlocks && model.config.mlp !== 'moe',
    async throughBlocks(step, input) {
      const hidden = [input]
      await throughBlocks({ ends, provider }, [step], hidden, pass)
      return hidden[0]
    },
  })
  const gradients: Decoder['gradients'] = (batch, grads, held, pass = {}) => {
    // How many blocks keep activations depends on the batch; resident blocks were chosen at the start.
    const { keptBlocks } = planResidency(memoryBytes, sizesFor(batch.ids.length), true)
    return gradientsOfBatch({ backend, ends, provider, keptBlocks }, batch, grads, held, pass)
  }
  return {
    backend,
    model,
    ends,
    residency,
    questionPlaces: questionPlaces(model.config, memoryBytes),
    forwardNll: (batches, pass = {}) => forwardNll({ backend, ends, provider }, batches, pass),
    nllFrom: (from, hidden, batch, pass = {}) => nllFrom({ backend, ends, provider }, from, hidden, batch, pass),
    nextLogits: (ids, cache, pass = {}) => nextLogits(stack(pass), ids, cache, pass),
    forwardPacked: (batches, pass = {}) => forwardPacked({ backend, ends, provider }, batches, pass),
    lastHidden: (batch, arena, pass = {}) => lastHidden({ backend, ends, provider }, batch, arena, pass),
    gradients,
    async lossAndGradients(batch, grads, pass) {
      using held = new Arena(backend)
      const loss = await gradients(batch, grads, held, pass)
      return await loss.read()
    },
    async prepare() {
      for (let index = 0; index < residency.residentBlocks; index++) {
        const next = index + 1 < residency.residentBlocks ? index + 1 : null
        provider.release(await provider.acquire(index, next))
      }
    },
    async close() {
      await provider.close()
      releaseEnds(backend, ends)
    },
  }
}

/**
 * A CPU widens 16-bit weights in every f32 product, so weights in f32 are faster there if all of them fit. Elsewhere, half
 * the bytes take half the time.
 */
function bestForm(backend: Backend, model: Model, memoryBytes: number, numRows: number, training: boolean): LoadAs {
  if (!backend.traits.widensWeights || productForm(backend) === 'stored') return 'stored'
  const wide = planResidency(memoryBytes, passSizes(model, { as: 'f32' }, numRows, training), training)
  return wide.residentBlocks === model.config.numBlocks ? 'f32' : 'stored'
}

function passSizes(model: Model, { as }: LoadOptions, numRows: number, training: boolean): PassSizes {
  const { config } = model
  // Blocks of one model differ only in their stored types.
  const indices = Array.from({ length: config.numBlocks }, (_, i) => i)
  const readBytes = (i: number) => blockParameters(config, i).reduce((sum, p) => sum + hostBytes(model, p), 0)
  return {
    numBlocks: config.numBlocks,
    endsBytes: endsBytes(model, as),
    blockBytes: largest(indices, 0, (i) => blockBytes(model, i, as)),
    readBytes: largest(indices, 0, readBytes),
    hiddenBytes: hiddenBytes(config, numRows),
    savedBytes: savedBytes(config, numRows),
    scratchBytes: Math.max(backwardScratchBytes(config, numRows), headScratchBytes(config, numRows, training)),
  }
}

type Inference = Omit<TrainingPass, 'keptBlocks'>

async function forwardNll(inference: Inference, batches: readonly Batch[], options: PassOptions) {
  const { backend, ends } = inference
  for (const batch of batches) checkBatch(ends.config, batch)
  using arena = new Arena(backend)
  const steps = batches.map((batch) => stepOf(backend, arena, batch, options))
  const hidden = batches.map((batch, i) => embed(steps[i], ends, batch).output)
  await throughBlocks(inference, steps, hidden, options)
  const results: Float32Array[] = []
  for (let i = 0; i < batches.length; i++) {
    await breathe(options.signal)
    const { readNll } = headLoss(steps[i], ends, hidden[i], { targets: targetsOf(batches[i]) }, null)
    results.push(await readNll())
    arena.release(hidden[i])
  }
  return results
}

async function lastHidden(inference: Inference, batch: Batch, arena: Arena, options: PassOptions): Promise<Tensor> {
  const { backend, ends } = inference
  checkBatch(ends.config, batch)
  using scope = new Arena(backend)
  const step = stepOf(backend, arena, batch, options)
  const hidden = [embed({ ...step, arena: scope }, ends, batch).output]
  await throughBlocks(inference, [{ ...step, arena: scope }], hidden, options)
  const kept = arena.allocate(hidden[0].shape)
  backend.kernels.convert(kept, hidden[0])
  return kept
}

async function nllFrom(inference: Inference, from: number, input: Tensor, batch: Batch, options: PassOptions) {
  const { backend, ends } = inference
  checkBatch(ends.config, batch)
  using arena = new Arena(backend)
  const step = stepOf(backend, arena, batch, options)
  const own = arena.allocate(input.shape)
  backend.kernels.convert(own, input)
  const hidden = [own]
  await throughBlocks(inference, [step], hidden, options, from)
  return await headLoss(step, ends, hidden[0], { targets: targetsOf(batch) }, null).readNll()
}

async function forwardPacked(inference: Inference, batches: readonly PackedBatch[], options: PassOptions) {
  const { backend, ends } = inference
  for (const { places } of batches) checkBatch(ends.config, places)
  using arena = new Arena(backend)
  const steps = batches.map((batch) => packedStepOf(backend, arena, batch, options))
  const hidden = batches.map((batch, i) => embedPacked(steps[i], ends, batch))
  await throughBlocks(inference, steps, hidden, options)
  const results: PackedScores[] = []
  for (let i = 0; i < batches.length; i++) {
    await breathe(options.signal)
    results.push(await scorePairs(steps[i], ends, hidden[i], batches[i]))
    arena.release(hidden[i])
  }
  return results
}

/** hidden[i], the input of block `from`, becomes the output of the last block. */
async function throughBlocks(
  { ends, provider }: Pick<Inference, 'ends' | 'provider'>,
  steps: readonly Step[],
  hidden: Tensor[],
  o: PassOptions,
  from = 0,
) {
  const { numBlocks } = ends.config
  for (const tensor of hidden) await o.onHidden?.(from, tensor)
  for (let index = from; index < numBlocks; index++) {
    const block = await provider.acquire(index, index + 1 < numBlocks ? index + 1 : null)
    try {
      for (const [i, step] of steps.entries()) {
        await breathe(o.signal)
        const { output } = await blockForward(step, block, hidden[i], false)
        await o.onHidden?.(index + 1, output)
        step.arena.release(hidden[i])
        hidden[i] = output
      }
    } finally {
      provider.release(block)
    }
  }
}
