// A tied model whose file holds its head too, as `torch.save` of a state dict leaves it: both stay one matrix.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { openCpu, type CpuBackend } from '../../../src/engine/compute/cpu/open.ts'
import { createMemoryCheckpoint, smallOpt } from '../../support/memoryCheckpoint.ts'
import { run } from '../../support/runs.ts'
import { safetensors, type TestTensor } from '../../support/safetensors.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { writeTinyIds, writeTinyModel } from '../../support/tinyModel.ts'

const embedding = 'model.decoder.embed_tokens.weight'
const head = 'lm_head.weight'

describe('a tied head that is stored too', () => {
  let work: Scratch
  let cpu: CpuBackend
  before(async () => void (cpu = await openCpu({ threads: 1 })))
  after(() => cpu.close())
  beforeEach(async () => {
    work = scratch()
    writeTinyIds(work.path('ids.safetensors'))
    await writeTinyModel(work.path('model'))
    const checkpoint = createMemoryCheckpoint(smallOpt, 'F32')
    const tensors: Record<string, TestTensor> = {}
    for (const { name, dtype, shape } of checkpoint.tensors.values())
      tensors[name] = { dtype, shape: [...shape], data: await checkpoint.read(name) }
    assert.ok(!(head in tensors))
    writeFileSync(work.path('model/model.safetensors'), safetensors({ ...tensors, [head]: tensors[embedding] }))
  })

  const recipe = (train: readonly string[][]) => ({
    version: 1,
    model: 'model',
    prune: [{ method: 'magnitude', sparsity: 0.5 }],
    recover: train.map((names) => ({
      mode: 'retrain',
      data: 'ids.safetensors',
      steps: 2,
      seq_len: 16,
      train: names,
      lr: 0.01,
    })),
    evaluate: [{ data: 'ids.safetensors', seq_len: 16, at: ['dense', 'recovered'] }],
    save: { to: 'out' },
  })

  for (const train of [[['embedding']], [['full'], ['bias', 'norm']], [['norm']]])
    it(`is the embedding after training ${train.map((names) => names.join(' and ')).join(', then ')}`, async () => {
      const { evaluations } = await run(cpu, { recipe: work.recipe('r', recipe(train)) })
      const [before, after] = await Promise.all(['model', 'out'].map((name) => openCheckpoint(work.path(name))))
      assert.deepEqual(await after.read(head), await after.read(embedding))
      const isTrained = train[0][0] !== 'norm'
      assert.equal(Buffer.compare(await after.read(embedding), await before.read(embedding)) !== 0, isTrained)
      await Promise.all([before.close(), after.close()])
      const again = {
        ...recipe([]),
        recover: undefined,
        model: 'out',
        evaluate: [{ data: 'ids.safetensors', seq_len: 16, at: ['dense'] }],
        save: undefined,
      }
      const { evaluations: saved } = await run(cpu, {
        recipe: work.recipe('again', { ...again, prune: [{ method: 'magnitude', sparsity: 0.5 }] }),
      })
      assert.equal(saved[0].perplexity, evaluations[1].perplexity)
    })

  it('does not change if nothing trains the embedding, also if the two differ', async () => {
    const source = await openCheckpoint(work.path('model'))
    const tensors: Record<string, TestTensor> = {}
    for (const { name, dtype, shape } of source.tensors.values())
      tensors[name] = { dtype, shape: [...shape], data: await source.read(name) }
    await source.close()
    const other = { ...tensors[head], data: Uint8Array.from(tensors[head].data).fill(1, 0, 2) }
    writeFileSync(work.path('model/model.safetensors'), safetensors({ ...tensors, [head]: other }))
    // This recipe does not look at the head.
    await run(cpu, { recipe: work.recipe('r', { ...recipe([]), recover: undefined, evaluate: undefined }) })
    const after = await openCheckpoint(work.path('out'))
    const [savedHead, savedEmbedding] = await Promise.all([head, embedding].map((name) => after.read(name)))
    await after.close()
    assert.deepEqual(savedHead, new Uint8Array(other.data))
    assert.deepEqual(savedEmbedding, new Uint8Array(tensors[embedding].data))
  })

  it('has its own weights once it is trained itself', async () => {
    await run(cpu, { recipe: work.recipe('r', recipe([['head']])) })
    const after = await openCheckpoint(work.path('out'))
    assert.notDeepEqual(await after.read(head), await after.read(embedding))
    await after.close()
    const config = JSON.parse(readFileSync(work.path('out/config.json'), 'utf8')) as { tie_word_embeddings?: boolean }
    assert.equal(config.tie_word_embeddings, false)
  })
})
