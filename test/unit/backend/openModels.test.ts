import type { SeenModel } from '../../../src/protocol/parameters.ts'
import assert from 'node:assert/strict'
import { rmSync, truncateSync, utimesSync } from 'node:fs'
import { createOpenModels, createStatsCache } from '../../../src/backend/openModels.ts'
import { scanModel } from '../../../src/backend/scan.ts'
import { writeMaskFile } from '../../../src/engine/checkpoint/maskFile.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { storedMasks } from '../../support/storedMasks.ts'
import { summarise } from '../../../src/backend/summary.ts'
import { f32, fileBytes, safetensors } from '../../support/safetensors.ts'

const name = 'model.layers.0.mlp.up_proj.weight'

describe('models that views have open', () => {
  let temp: Scratch
  let models: ReturnType<typeof createOpenModels>
  const cache = () => createStatsCache(temp.path('cache'))
  const scan = () =>
    models.use({ path: temp.folder }, (model) => {
      const { signal } = new AbortController()
      return scanModel(model, { path: temp.folder, cache: cache(), signal, onProgress: () => {} })
    })
  const known = () => models.use({ path: temp.folder }, async ({ stats }) => stats.get(name)?.zeros)
  beforeEach(() => {
    temp = scratch()
    models = createOpenModels(cache)
    temp.write('model.safetensors', safetensors({ [name]: f32([2, 4], [1, 0, 0, 1, 1, 1, 1, 1]) }))
  })
  afterEach(() => {
    models.closeIdle(Infinity)
  })

  it('know what a scan found, also in the next session', async () => {
    assert.equal(await known(), undefined)
    await scan()
    assert.equal(await known(), 2)
    models.closeIdle(Infinity)
    models = createOpenModels(cache)
    assert.equal(await known(), 2)
  })

  it('stay open for a view that comes back just when they would be closed', async () => {
    const read = () => models.use({ path: temp.folder }, ({ checkpoint }) => checkpoint.read(name))
    const { byteLength } = await read()
    const again = read()
    models.closeIdle(Infinity)
    assert.equal((await again).byteLength, byteLength)
  })

  it('are read by their header alone, even of 64 GiB', async () => {
    const side = 2 ** 17
    const bytes = 4 * side * side
    const header = JSON.stringify({ [name]: { dtype: 'F32', shape: [side, side], data_offsets: [0, bytes] } })
    const path = temp.write('huge/model.safetensors', fileBytes(header))
    // A hole: reading it would take memory and minutes, the file takes no room.
    truncateSync(path, 8 + header.length + bytes)
    const before = process.memoryUsage().rss
    const { tensors } = await models.use({ path }, async (open) => summarise(open))
    assert.deepEqual(tensors[0].shape, [side, side])
    assert.ok(process.memoryUsage().rss - before < 100e6)
  })

  it('forget it when the file was overwritten, and show the new header', async () => {
    await scan()
    temp.write('model.safetensors', safetensors({ [name]: f32([4, 4], new Float32Array(16)) }))
    assert.equal(await known(), undefined)
    const { model } = await models.use({ path: temp.folder }, async (open) => ({ model: await summarise(open) }))
    assert.deepEqual(model.tensors[0].shape, [4, 4])
  })

  it('under the mask of another model are read again when that model is pruned again, and differ from the model without a mask', async () => {
    temp.write('other/model.safetensors', safetensors({ [name]: f32([2, 4], new Float32Array(8)) }))
    const file = temp.path('other/sparsescope.mask')
    const mask = async (first: number) => {
      rmSync(file, { force: true })
      const words = new Uint32Array([first, 0b1111])
      await writeMaskFile(file, storedMasks([[name, { rows: 2, columns: 4, words }]]))
    }
    const zeros = (seen: SeenModel) =>
      models.use(seen, async ({ checkpoint, stats }) => {
        assert.equal(stats.size, 0, 'what is known without the mask says nothing')
        const values = new Float32Array((await checkpoint.read(name)).buffer)
        return values.filter((value) => value === 0).length
      })
    await mask(0b0000)
    const seen = { path: temp.folder, mask: temp.path('other') }
    assert.deepEqual([await zeros({ path: temp.folder }), await zeros(seen)], [2, 4])
    await mask(0b0001)
    const future = new Date(Date.now() + 5000)
    utimesSync(file, future, future)
    assert.equal(await zeros(seen), 3)
  })

  it('are read anew when config.json changes or a missing shard comes', async () => {
    const summary = () => models.use({ path: temp.folder }, summarise)
    assert.equal((await summary()).modelType, null)
    temp.write('config.json', JSON.stringify({ model_type: 'opt' }))
    assert.equal((await summary()).modelType, 'opt')
    const future = new Date(Date.now() + 5000)
    temp.write('config.json', JSON.stringify({ model_type: 'gpt' }))
    utimesSync(temp.path('config.json'), future, future)
    assert.equal((await summary()).modelType, 'gpt')

    temp = scratch()
    temp.write('1.safetensors', safetensors({ a: f32([1], [1]) }))
    const weightMap = { a: '1.safetensors', b: '2.safetensors' }
    temp.write('model.safetensors.index.json', JSON.stringify({ weight_map: weightMap }))
    const holed = await summary()
    assert.deepEqual([holed.tensors.length, holed.problems[0].missing], [1, ['b']])
    temp.write('2.safetensors', safetensors({ b: f32([1], [1]) }))
    assert.deepEqual([(await summary()).tensors.length, (await summary()).problems], [2, []])
  })

  it('report an unknown type without its name in the sentences of the page', async () => {
    const data = new Uint8Array(3)
    temp.write('model.safetensors', safetensors({ x: { dtype: 'F5\u202e<b>', shape: [3], data } }, { format: 'pt' }))
    const { tensors, warnings, metadata } = await models.use({ path: temp.folder }, summarise)
    assert.deepEqual([tensors[0].dtype, tensors[0].bytes, metadata], ['"F5\\u202e<b>"', 3, { format: 'pt' }])
    assert.equal(tensors[0].unreadable, 'None: the type "F5\\u202e<b>" is unknown.')
    assert.match(warnings[0], /1 of the tensors/)
  })
})
