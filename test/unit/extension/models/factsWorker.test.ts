import assert from 'node:assert/strict'
import { openInspection } from '../../../../src/engine/checkpoint/checkpoint.ts'
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { summarise } from '../../../../src/backend/summary.ts'
import { readModelFacts } from '../../../../src/extension/models/factsWorker.ts'
import { scratch } from '../../../support/scratch.ts'

const goldens = fileURLToPath(new URL('../../../fixtures/goldens', import.meta.url))

describe('facts of a model for the tree', () => {
  const place = scratch()

  it('give its types, whether it has biases, and its positions', async () => {
    const opt = await readModelFacts(join(goldens, 'opt', 'model.safetensors'))
    assert.deepEqual(opt.dtypes, ['F32'])
    assert.equal(opt.bytes, 4 * opt.parameters)
    assert.deepEqual([opt.biases, opt.isModel, opt.sparsity], [true, true, null])
    assert.ok(opt.maxPositions !== null && opt.maxPositions > 0)
    const llama = await readModelFacts(join(goldens, 'llama', 'model.safetensors'))
    assert.equal(llama.biases, false)
  })

  it('are of all shards of an index', async () => {
    const { dtypes, parameters, bytes } = await readModelFacts(
      join(goldens, 'llama_bf16_sharded', 'model.safetensors.index.json'),
    )
    assert.deepEqual(dtypes, ['BF16'])
    assert.equal(bytes, 2 * parameters)
  })

  it('are of the shards that are there where one is missing, as the Inspector shows them, with the reason', async () => {
    const folder = place.path('holed')
    cpSync(join(goldens, 'llama_bf16_sharded'), folder, { recursive: true })
    const index = join(folder, 'model.safetensors.index.json')
    const whole = await readModelFacts(index)
    assert.equal(whole.problem, null)
    const shard = 'model-00002-of-00003.safetensors'
    rmSync(join(folder, shard))
    const shown = await readModelFacts(index)
    assert.ok(shown.parameters > 0 && shown.parameters < whole.parameters)
    assert.match(shown.problem ?? '', new RegExp(`${shard} is missing`))
    const inspection = await openInspection(index)
    const { parameters, bytes, problems } = await summarise(inspection)
    await inspection.checkpoint.close()
    assert.deepEqual([shown.parameters, shown.bytes, shown.problem], [parameters, bytes, problems[0].message])
  })

  it('weigh the zeros that a run noted by the sizes of all linears, noted or not', async () => {
    const folder = place.path('opt')
    cpSync(join(goldens, 'opt'), folder, { recursive: true })
    const name = 'model.decoder.layers.0.fc1.weight'
    const size = 100
    writeFileSync(
      join(folder, 'sparsescope.json'),
      JSON.stringify({ tensors: { [name]: { zeros: size, sparsity: 1 } } }),
    )
    const { sparsity } = await readModelFacts(folder)
    assert.ok(sparsity !== null && sparsity > 0 && sparsity < 0.1, `sparsity ${sparsity}`)
  })

  it('ignore the sparsity in a note with more zeros than weights', async () => {
    const folder = place.path('gpt2')
    cpSync(join(goldens, 'gpt2'), folder, { recursive: true })
    const tensors = { 'transformer.h.0.mlp.c_fc.weight': { zeros: 1e9 } }
    writeFileSync(join(folder, 'sparsescope.json'), JSON.stringify({ tensors }))
    assert.equal((await readModelFacts(folder)).sparsity, null)
  })

  for (const note of ['', '[]', '{"tensors": 3}', '{"tensors": {"a": {"zeros": -1}}}', '{"tensors": {"a": null}}'])
    it(`take no sparsity from a note such as ${JSON.stringify(note)}`, async () => {
      const folder = place.path(`noted${note.length}`)
      cpSync(join(goldens, 'llama'), folder, { recursive: true })
      writeFileSync(join(folder, 'sparsescope.json'), note)
      assert.equal((await readModelFacts(folder)).sparsity, null)
    })

  it('tell a file of token ids from a model', async () => {
    assert.equal((await readModelFacts(join(goldens, 'opt', 'prune', 'calib.safetensors'))).isModel, false)
  })
})
