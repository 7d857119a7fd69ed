// Gradients of one batch through the whole model: forward keeping block inputs, then blocks in reverse.
import { Arena } from '../compute/arena.ts'
import type { Backend } from '../compute/backend.ts'
import type { DenseLoss } from '../compute/kernels.ts'
import type { Tensor } from '../compute/tensor.ts'
import { EngineError } from '../errors.ts'
import { breathe } from '../breathe.ts'
import { checkBatch, targetsOf, type Batch } from './batch.ts'
import type { Block } from './block.ts'
import { blockBackward, blockForward, type BlockSaved } from './blockPass.ts'
import type { BlockProvider } from './blockProvider.ts'
import { embed, embedBackward, type EmbeddingSaved, embeddingTrains, type Ends } from './ends.ts'
import { headLoss } from './head.ts'
import type { Grads, Step } from './module.ts'
import { stepOf, type PassOptions } from './pass.ts'

export interface TrainingPass {
  readonly backend: Backend
  readonly ends: Ends
  readonly provider: BlockProvider
  /** Number of blocks, counted from the last, that keep their activations. */
  readonly keptBlocks: number
}

export interface BatchLoss {
  /** Mean over the targets that count. */
  readonly loss: number
  readonly numTargets: number
  /** Loss [batch · seqLen], 0 at ignored targets: the nll, or the loss against a dense model (`HeadResult.readLoss`). */
  readonly losses: Float32Array
}

/** The dense model that a loss compares with. */
interface DenseModel {
  readonly ends: Ends
  /** Output of the last block [batch · seqLen, C], in the arena. */
  lastHidden(batch: Batch, arena: Arena, pass?: PassOptions): Promise<Tensor>
}

export interface GradientOptions extends PassOptions {
  /** Weight of each target, instead of 1 / (number of targets), so that several batches of one step share a mean. */
  readonly targetWeight?: number
  /** Set where the loss also compares with a dense model. */
  readonly dense?: { readonly model: DenseModel; readonly loss: DenseLoss }
}

/** The parts of one block's forward that its backward needs. */
interface Trace {
  /** null where the block's backward is not wanted. */
  readonly input: Tensor | null
  /** Activations, or null when they are computed again. */
  readonly kept: { readonly arena: Arena; readonly saved: BlockSaved } | null
}

interface Forward {
  readonly step: Step
  readonly traces: Trace[]
  readonly output: Tensor
  readonly embedding: EmbeddingSaved
  /** Lowest block whose backward is wanted; numBlocks when only the head trains, −1 when the embedding does. */
  readonly lowest: number
}

/** Losses that are still on the device. */
export interface PendingLoss {
  /** Waits for the device. Losses that are read in the same turn of the event loop share one wait. */
  read(): Promise<BatchLoss>
}

/** Adds the gradients of a batch to `grads`. Its losses are allocated in `held`, which the caller closes. */
export async function gradientsOfBatch(
  pass: TrainingPass,
  batch: Batch,
  grads: Grads,
  held: Arena,
  options: GradientOptions,
): Promise<PendingLoss> {
  const { backend, ends } = pass
  checkBatch(ends.config, batch)
  const targets = targetsOf(batch)
  const numTargets = targets.reduce((count, t) => count + (t < 0 ? 0 : 1), 0)
  if (numTargets === 0) throw new EngineError('bad-data', 'a batch has no target that counts: all labels are ignored')
  const weights = new Float32Array(targets.length).fill(options.targetWeight ?? 1 / numTargets)
  using arena = new Arena(backend)
  const kept: Arena[] = []
  try {
    const dense = options.dense && {
      ends: options.dense.model.ends,
      hidden: await options.dense.model.lastHidden(batch, arena, { signal: options.signal }),
      loss: options.dense.loss,
    }
    const forward = await runForward(pass, arena, kept, batch, grads, options)
    const { dHidden, readLoss } = headLoss(
      forward.step,
      ends,
      forward.output,
      { targets, weights, dense, kept: held },
      grads,
    )
    if (dHidden) await runBackward(pass, forward, dHidden, grads, options.signal)
    return {
      read: async () => {
        const losses = await readLoss()
        return { loss: losses.reduce((sum, x) => sum + x, 0) / numTargets, numTargets, losses }
      },
    }
  } finally {
    for (const one of kept) one.close()
  }
}

async function runForward(
  { backend, ends, provider, keptBlocks }: TrainingPass,
  arena: Arena,
  kept: Arena[],
  batch: Batch,
  grads: Grads,
  options: PassOptions,
): Promise<Forward> {
  const { numBlocks } = ends.config
  const step = stepOf(backend, arena, batch, options)
  const { output: first, saved: embedding } = embed(step, ends, batch)
  await options.onHidden?.(0, first)
  let lowest = embeddingTrains(ends, grads) ? -1 : numBlocks
  let hidden = first
  const traces: Trace[] = []
  for (let index = 0; index < numBlocks; index++) {
    await breathe(options.signal)
    const block = await provider.acquire(index, index + 1 < numBlocks ? index + 1 : null)
    try {
      if (lowest === numBlocks && blockTrains(step, block, grads)) lowest = index
      const wanted = lowest <= index
      const keep = wanted && index >= numBlocks - keptBlocks
      const own = keep ? new Arena(backend) : arena
      if (keep) kept.push(own)
      const { output, saved } = await blockForward({ ...step, arena: own }, block, hidden, keep)
      traces.push({ input: wanted ? hidden : null, kept: saved ? { arena: own, saved } : null })
      if (!wanted) arena.release(hidden)
      hidden = output
      await options.onHidden?.(index + 1, output)
    } finally {
      provider.release(block)
    }
  }
  return { step, traces, output: hidden, embedding, lowest }
}

async function runBackward(
  { backend, ends, provider }: TrainingPass,
  { step, traces, embedding, lowest }: Forward,
  dOutput: Tensor,
  grads: Grads,
  signal: AbortSignal | undefined,
): Promise<void> {
  const scope = step.arena
  let d = dOutput
  for (let index = traces.length - 1; index >= Math.max(0, lowest); index--) {
    await breathe(signal)
    const { input, kept } = traces[index]
    const block = await provider.acquire(index, index > Math.max(0, lowest) ? index - 1 : null)
    const arena = kept?.arena ?? new Arena(backend)
    try {
      const within = { ...step, arena }
      const saved = kept?.saved ?? (input && (await blockForward(within, block, input, true)).saved)
      if (!saved) throw new EngineError('internal', `block ${index} saved nothing for its backward`)
      const dInput = await blockBackward({ ...within, arena: scope }, block, saved, d, grads, index > lowest)
      scope.release(d)
      if (!dInput) return
      d = dInput
    } finally {
      arena.close()
      provider.release(block)
      // The next lower block's output is this one's input.
      if (input) scope.release(input)
    }
  }
  if (lowest < 0) embedBackward(step, ends, embedding, d, grads)
}

/** Whether a gradient of this block's own parameters or adapters is wanted. */
function blockTrains({ adapterOf }: Step, block: Block, grads: Grads): boolean {
  return [...block.params.keys()].some((name) => grads.of(name)) || block.linears.some((l) => adapterOf?.(l))
}
