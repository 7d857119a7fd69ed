import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { openReference } from '../../support/reference/backend.ts'
import { readBatchFile } from '../../../src/engine/evaluate/batchFile.ts'
import { createF32File, recordForward } from '../../../src/engine/evaluate/recordForward.ts'
import { evaluatePerplexity } from '../../../src/engine/evaluate/perplexity.ts'
import { createDecoder } from '../../../src/engine/model/decoder.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { backends } from '../../support/backends.ts'
import { maxDifference, readGolden, relativeDifference } from '../../support/goldens.ts'
import { createMemoryCheckpoint, smallLlama, smallOpt } from '../../support/memoryCheckpoint.ts'
import { scratch } from '../../support/scratch.ts'
import { lacks } from '../../support/skip.ts'
import { goldenPath } from '../../support/shared.ts'

const golden = (...parts: string[]) => goldenPath(...parts)

describe('perplexity', () => {
  const { seqlen, input_ids, ppl_dense } = JSON.parse(readFileSync(golden('llama', 'ppl.json'), 'utf8')) as {
    seqlen: number
    input_ids: number[]
    ppl_dense: number
  }
  const windows = Math.floor(input_ids.length / seqlen)
  const set = {
    ids: Int32Array.from(input_ids).slice(0, windows * seqlen),
    mask: null,
    labels: null,
    windows,
    seqLen: seqlen,
  }

  for (const memoryBytes of [1e9, 1]) {
    it(`is PERP’s number, with ${memoryBytes > 1 ? 'all blocks resident' : 'every block read again'}`, async () => {
      const checkpoint = await openCheckpoint(golden('llama'))
      const decoder = await createDecoder(openReference(), openModel(checkpoint), { memoryBytes })
      const result = await evaluatePerplexity(decoder, set)
      assert.ok(Math.abs(result.perplexity / ppl_dense - 1) < 1e-5)
      assert.deepEqual([result.windows, result.tokens, result.seqLen], [5, 80, 16])
      await decoder.close()
      await checkpoint.close()
    })
  }

  it('is refused when a weight is not a number', async () => {
    const checkpoint = createMemoryCheckpoint(smallLlama)
    checkpoint.put('model.norm.weight', [8], new Float32Array(8).fill(NaN))
    const decoder = await createDecoder(openReference(), openModel(checkpoint), { memoryBytes: 1e9 })
    const ids = Int32Array.of(1, 2, 3, 4)
    const broken = evaluatePerplexity(decoder, { ids, mask: null, labels: null, windows: 1, seqLen: 4 })
    await assert.rejects(broken, { code: 'numeric' })
  })

  for (const { name, open } of backends)
    it(`is refused when a weight before a ReLU is not a number (${name})`, async function () {
      const checkpoint = createMemoryCheckpoint(smallOpt)
      checkpoint.put('model.decoder.layers.1.fc1.weight', [12, 8], new Float32Array(96).fill(NaN, 0, 1))
      const opened = await open()
      if ('reason' in opened) return lacks(this, opened.reason)
      try {
        const decoder = await createDecoder(opened.backend, openModel(checkpoint), { memoryBytes: 1e9 })
        const ids = Int32Array.of(1, 2, 3, 4)
        const broken = evaluatePerplexity(decoder, { ids, mask: null, labels: null, windows: 1, seqLen: 4 })
        await assert.rejects(broken, { code: 'numeric' })
      } finally {
        await opened.backend.close()
      }
    })

  it('stops when it is cancelled', async () => {
    const decoder = await createDecoder(openReference(), openModel(createMemoryCheckpoint(smallLlama)), {
      memoryBytes: 1e9,
    })
    const ids = Int32Array.of(1, 2, 3, 4)
    const stopped = evaluatePerplexity(
      decoder,
      { ids, mask: null, labels: null, windows: 1, seqLen: 4 },
      { signal: AbortSignal.abort() },
    )
    await assert.rejects(stopped, { code: 'cancelled' })
  })
})

describe('the forward record', () => {
  let folder: string
  before(() => (folder = scratch().folder))

  for (const name of ['gpt2', 'gemma']) {
    it(`of ${name} has the golden’s tensors, shapes and values, gradients in the file’s orientation`, async () => {
      const ids = golden(name, 'golden.safetensors')
      const batch = await readBatchFile(ids, { field: 'input_ids' })
      const checkpoint = await openCheckpoint(golden(name))
      const decoder = await createDecoder(openReference(), openModel(checkpoint), { memoryBytes: 1e9, training: true })
      const path = join(folder, `${name}.safetensors`)
      await recordForward(decoder, batch, { path, grads: true })
      const [got, want] = [await readGolden(path), await readGolden(ids)]
      const expected = want.names.filter((n) => n !== 'input_ids' && !n.startsWith('pad.'))
      assert.deepEqual([...got.names].sort(), expected.sort())
      for (const tensor of expected) {
        assert.deepEqual(got.shape(tensor), want.shape(tensor), tensor)
        const differs = tensor.startsWith('grad.') ? relativeDifference : maxDifference
        assert.ok(differs(got.f32(tensor), want.f32(tensor)) < 1e-4, tensor)
      }
      await checkpoint.close()
    })
  }

  it('of more rows than one pass takes is the record of the whole batch', async () => {
    const decoder = await createDecoder(openReference(), openModel(createMemoryCheckpoint(smallLlama)), {
      memoryBytes: 1e9,
    })
    // 160 rows of 16 are two passes.
    const ids = Int32Array.from({ length: 160 * 16 }, (_, i) => (7 * i + (i >> 4)) % 20)
    const path = join(folder, 'rows.safetensors')
    const batch = { batch: 160, seqLen: 16, ids, mask: null, labels: null }
    const { loss } = await recordForward(decoder, batch, { path, grads: false })
    const file = await readGolden(path)
    assert.deepEqual(file.shape('logits'), [160, 16, 20])
    const nll = file.f32('nll')
    assert.ok(Math.abs(nll.reduce((a, b) => a + b, 0) / nll.length - loss) < 1e-5)
    const logits = file.f32('logits')
    for (const row of [0, 127, 128, 159]) {
      const at = logits.subarray(row * 320, row * 320 + 20)
      const logSum = Math.log(at.reduce((sum, x) => sum + Math.exp(x), 0))
      assert.ok(Math.abs(logSum - at[ids[row * 16 + 1]] - nll[row * 15]) < 1e-5, `row ${row}`)
    }
  })

  it('leaves nothing behind when it fails', async () => {
    const decoder = await createDecoder(openReference(), openModel(createMemoryCheckpoint(smallLlama)), {
      memoryBytes: 1e9,
    })
    const batch = { batch: 1, seqLen: 3, ids: Int32Array.of(1, 2, 99), mask: null, labels: null }
    const path = join(folder, 'broken.safetensors')
    await assert.rejects(recordForward(decoder, batch, { path, grads: false }), /value 99 at position 2/)
    assert.ok(!readdirSync(folder).some((name) => name.startsWith('broken')))
  })
})

describe('a batch file', () => {
  const path = golden('llama', 'golden.safetensors')

  it('gives ids, mask and labels by name', async () => {
    const fields = { field: 'pad.input_ids', mask: 'pad.attention_mask', labels: 'pad.labels' }
    const { batch, seqLen, mask, labels } = await readBatchFile(path, fields)
    assert.deepEqual([batch, seqLen], [2, 16])
    assert.equal(
      mask!.reduce((a, b) => a + b, 0),
      16 + 11,
    )
    assert.equal(labels![31], -100)
  })

  it('requires a name among several integer tensors, and refuses other types and shapes', async () => {
    await assert.rejects(
      readBatchFile(path, {}),
      /several integer tensors; choose one with --field: input_ids, pad\.attention_mask/,
    )
    await assert.rejects(readBatchFile(path, { field: 'logits' }), /logits is F32; ids, masks and labels are integers/)
    await assert.rejects(readBatchFile(path, { field: 'ids' }), /has no tensor "ids"; it has: /)
  })
})

describe('an F32 file', () => {
  it('takes values in any order and has its name only when it is whole', async () => {
    const folder = scratch().folder
    const path = join(folder, 'out.safetensors')
    const file = await createF32File(path, [
      { name: 'b', shape: [2, 2] },
      { name: 'a', shape: [3] },
    ])
    await file.write('a', 1, Float32Array.of(5, 6))
    await file.write('b', 2, Float32Array.of(3, 4))
    assert.ok(!readdirSync(folder).includes('out.safetensors'))
    await file.write('b', 0, Float32Array.of(1, 2))
    await file.finish()
    assert.deepEqual(readdirSync(folder), ['out.safetensors'])
    const read = await readGolden(path)
    assert.deepEqual([...read.f32('b')], [1, 2, 3, 4])
    assert.deepEqual([...read.f32('a')], [0, 5, 6])
  })

  it('says which folder is missing', async () => {
    await assert.rejects(createF32File('/nowhere/out.safetensors', []), {
      code: 'usage',
      message: /does not exist; make it/,
    })
    await assert.rejects(createF32File(tmpdir(), []), { code: 'usage', message: /is a folder/ })
  })
})
