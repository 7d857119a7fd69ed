// Logits after a sequence's next tokens: the beginning in one pass, then a token at a time. Where the backend records, the
// kernels of a token are called once and replayed for later tokens: calling hundreds of kernels takes half as long as running them.
import { Arena } from '../compute/arena.ts'
import { readF32, type Backend, type Recorder } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import { breathe } from '../breathe.ts'
import type { ModelConfig } from '../../catalog/families/modelConfig.ts'
import { checkBatch, type Batch } from './batch.ts'
import { embed, type Ends } from './ends.ts'
import { lastLogits } from './head.ts'
import type { KvCache } from './kvCache.ts'
import type { Step } from './module.ts'
import { stepOf, type PassOptions } from './pass.ts'
import { prepareRotation } from './rope.ts'

/** What a pass through the whole model needs. */
export interface Stack {
  readonly backend: Backend
  readonly ends: Ends
  /** Whether a pass can be recorded: all blocks stay on the device, and none reads a result back, as a router of experts does. */
  readonly canRecord: boolean
  /** Runs the first block's input through all blocks. */
  throughBlocks(step: Step, hidden: Tensor): Promise<Tensor>
}

export type NextOptions = Pick<PassOptions, 'adapterOf' | 'signal'>

/** Logits [V] after the ids `given`, which are added to the cache. Only the first call of a sequence may pass more than one id. */
export async function nextLogits(
  stack: Stack,
  given: Int32Array<ArrayBuffer>,
  cache: KvCache,
  { adapterOf, signal }: NextOptions,
): Promise<Float32Array> {
  const { backend, ends } = stack
  const ids = changesAngles(ends.config, cache.past, given.length) ? beginAgain(cache, given) : given
  checkBatch(ends.config, batchOf(ids))
  for (const id of given) cache.ids.push(id)
  await breathe(signal)
  if (cache.past > 0 && stack.canRecord && !adapterOf && backend.record) {
    const logits = cache.recorded ? cache.recorded.next(ids[0]) : await record(stack, ids[0], cache, backend.record())
    cache.past++
    return readF32(backend, logits)
  }
  using arena = new Arena(backend)
  const step = { ...stepOf(backend, arena, batchOf(ids), { adapterOf }), cache }
  const logits = await pass(stack, step, batchOf(ids))
  cache.past += ids.length
  return readF32(backend, logits)
}

/** Whether the new tokens cross the original context length, beyond which longrope rotates all keys differently, cached ones too. */
function changesAngles({ position }: ModelConfig, past: number, count: number): boolean {
  if (position.kind !== 'rope') return false
  return position.byBlock.some((rope) => {
    if (rope?.scaling.type !== 'longrope') return false
    const { originalPositions } = rope.scaling
    return past > 0 && past <= originalPositions && past + count > originalPositions
  })
}

/** Discards the cached keys and values. Returns all ids so far, to compute them in one pass, as transformers does in this case. */
function beginAgain(cache: KvCache, given: Int32Array): Int32Array<ArrayBuffer> {
  cache.past = 0
  cache.recorded?.close()
  cache.recorded = null
  return Int32Array.from([...cache.ids, ...given])
}

function batchOf(ids: Int32Array): Batch {
  return { batch: 1, seqLen: ids.length, ids, mask: null, labels: null }
}

async function pass(stack: Stack, step: Step, batch: Batch): Promise<Tensor> {
  prepareRotation(step, stack.ends.config)
  const { output } = embed(step, stack.ends, batch)
  return lastLogits(step, stack.ends, await stack.throughBlocks(step, output))
}

/** Logits after a token, by a pass that is recorded into the cache. */
async function record(stack: Stack, id: number, cache: KvCache, recorder: Recorder): Promise<Tensor> {
  const backend = { ...stack.backend, ...recorder.backend }
  const batch = batchOf(Int32Array.of(id))
  const { varying } = recorder
  const step: Step = { ...stepOf(backend, new Arena(backend), batch), cache, varying }
  try {
    const logits = await pass(stack, step, batch)
    cache.recorded = {
      next(id) {
        batch.ids[0] = id
        recorder.replay()
        return logits
      },
      close: () => recorder.close(),
    }
    return logits
  } catch (error) {
    recorder.close()
    throw error
  }
}
