// What a golden folder says of the whole decoder, checked on a backend: logits, losses, hidden states, gradients.
import assert from 'node:assert/strict'
import type { Checkpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { Arena } from '../../../src/engine/compute/arena.ts'
import { readF32, type Backend } from '../../../src/engine/compute/backend.ts'
import { createGradientSink } from '../../../src/engine/evaluate/recordForward.ts'
import type { Batch } from '../../../src/engine/model/batch.ts'
import { createDecoder, type Decoder } from '../../../src/engine/model/decoder.ts'
import { readLogits } from '../../../src/engine/model/head.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { stepOf } from '../../../src/engine/model/pass.ts'
import { storedOrder } from '../../../src/engine/model/weights.ts'
import { maxDifference, relativeDifference, type Golden } from '../../support/goldens.ts'

const tolerance = { logits: 2e-4, hidden: 2e-4, nll: 1e-4, loss: 1e-4, gradient: 1e-3 }

interface Seen {
  hidden: Float32Array[]
  logits: Float32Array
}

/** A pass option that keeps hidden states and logits. */
function watch(decoder: Decoder, batch: Batch, seen: Seen) {
  const { numBlocks, vocabSize } = decoder.model.config
  return async (index: number, hidden: Parameters<typeof readLogits>[2]) => {
    seen.hidden[index] = await readF32(decoder.backend, hidden)
    if (index < numBlocks) return
    using arena = new Arena(decoder.backend)
    await readLogits(stepOf(decoder.backend, arena, batch), decoder.ends, hidden, async (row, piece, token, width) => {
      for (let i = 0; i < piece.length; i++) {
        seen.logits[(row + Math.floor(i / width)) * vocabSize + token + (i % width)] = piece[i]
      }
    })
  }
}

function batchOf(golden: Golden, prefix = ''): Batch {
  const [batch, seqLen] = golden.shape('input_ids')
  const ids = golden.i32('input_ids')
  if (!prefix) return { batch, seqLen, ids, mask: null, labels: null }
  return { batch, seqLen, ids, mask: golden.i32('pad.attention_mask'), labels: golden.i32('pad.labels') }
}

/** [B·T] with a last column nobody predicts → [B, T−1]. */
function withoutLast(nll: Float32Array, { batch, seqLen }: Batch): Float32Array {
  const out: number[] = []
  for (let b = 0; b < batch; b++) out.push(...nll.subarray(b * seqLen, (b + 1) * seqLen - 1))
  return Float32Array.from(out)
}

/** Logits of masked positions are 0 in the file. */
function maskLogits(logits: Float32Array, { mask }: Batch, vocabSize: number): Float32Array {
  return logits.map((x, i) => (mask && !mask[Math.floor(i / vocabSize)] ? 0 : x))
}

async function withDecoder(
  backend: Backend,
  checkpoint: Checkpoint,
  training: boolean,
  body: (decoder: Decoder) => Promise<void>,
) {
  const model = openModel(checkpoint)
  assert.deepEqual(model.unused, [])
  const decoder = await createDecoder(backend, model, { memoryBytes: 2 ** 30, training })
  await body(decoder)
  await decoder.close()
}

/** Logits, losses and hidden states. */
export function checkForward(backend: Backend, checkpoint: Checkpoint, golden: Golden): Promise<void> {
  return withDecoder(backend, checkpoint, false, async (decoder) => {
    const batch = batchOf(golden)
    const seen: Seen = { hidden: [], logits: new Float32Array(golden.f32('logits').length) }
    const [nll] = await decoder.forwardNll([batch], { onHidden: watch(decoder, batch, seen) })
    const losses = withoutLast(nll, batch)
    const loss = losses.reduce((a, b) => a + b, 0) / losses.length
    assert.ok(maxDifference(seen.logits, golden.f32('logits')) < tolerance.logits)
    assert.ok(Math.abs(loss - golden.f32('loss')[0]) < tolerance.loss)
    if (golden.has('nll')) assert.ok(maxDifference(losses, golden.f32('nll')) < tolerance.nll)
    seen.hidden.forEach((hidden, i) => {
      if (!golden.has(`hidden.${i}`)) return
      assert.ok(maxDifference(hidden, golden.f32(`hidden.${i}`)) < tolerance.hidden, `hidden.${i}`)
    })
  })
}

/** Gradients of every parameter, in names and orientation of the file. */
export function checkGradients(backend: Backend, checkpoint: Checkpoint, golden: Golden): Promise<void> {
  return withDecoder(backend, checkpoint, true, async (decoder) => {
    const sink = createGradientSink(backend, decoder.model.parameters)
    await decoder.lossAndGradients(batchOf(golden), sink.grads)
    const expected = golden.names.filter((n) => n.startsWith('grad.')).map((n) => n.slice(5))
    assert.deepEqual([...decoder.model.parameters.keys()].sort(), expected.sort())
    for (const [parameter, info] of decoder.model.parameters) {
      const tensor = sink.tensor(parameter)
      const want = golden.f32(`grad.${parameter}`)
      const got = tensor ? storedOrder(info, await readF32(backend, tensor)) : new Float32Array(want.length)
      const difference = relativeDifference(got, want)
      assert.ok(difference < tolerance.gradient, `${parameter}: ${difference}`)
    }
    sink.close()
  })
}

/** Under padding: losses and logits of real tokens, and gradients. */
export function checkPadding(backend: Backend, checkpoint: Checkpoint, golden: Golden): Promise<void> {
  return withDecoder(backend, checkpoint, true, async (decoder) => {
    const batch = batchOf(golden, 'pad.')
    const { vocabSize } = decoder.model.config
    const seen: Seen = { hidden: [], logits: new Float32Array(golden.f32('pad.logits').length) }
    const sink = createGradientSink(backend, decoder.model.parameters)
    const onHidden = watch(decoder, batch, seen)
    const { loss, losses: nll } = await decoder.lossAndGradients(batch, sink.grads, { onHidden })
    assert.ok(Math.abs(loss - golden.f32('pad.loss')[0]) < tolerance.loss)
    assert.ok(maxDifference(withoutLast(nll, batch), golden.f32('pad.nll')) < tolerance.nll)
    const logits = maskLogits(seen.logits, batch, vocabSize)
    assert.ok(maxDifference(logits, maskLogits(golden.f32('pad.logits'), batch, vocabSize)) < tolerance.logits)
    for (const key of golden.names.filter((n) => n.startsWith('pad.gradnorm.'))) {
      const tensor = sink.tensor(key.slice('pad.gradnorm.'.length))
      const norm = tensor ? Math.hypot(...(await readF32(backend, tensor))) : 0
      const want = golden.f32(key)[0]
      assert.ok(Math.abs(norm - want) < tolerance.gradient * Math.max(want, 1e-2), `${key}: ${norm}, ${want}`)
    }
    sink.close()
  })
}
