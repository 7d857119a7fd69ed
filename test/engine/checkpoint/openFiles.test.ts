import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { openFiles, type ByteRanges, type GivenFiles } from '../../../src/engine/checkpoint/openFiles.ts'
import { EngineError } from '../../../src/engine/errors.ts'
import { f32, safetensors, type TestTensor } from '../../support/safetensors.ts'

const fixture = (name: string) => new URL(`../../fixtures/${name}`, import.meta.url).pathname
const blobsOf = (folder: string): GivenFiles =>
  Object.fromEntries(
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => [name, new Blob([readFileSync(join(folder, name))])]),
  )

/** A file of these bytes that notes which ranges are read. */
function ranges(bytes: Uint8Array): ByteRanges & { readonly asked: [start: number, end: number][] } {
  const asked: [number, number][] = []
  return {
    asked,
    size: bytes.length,
    async read(start, end) {
      asked.push([start, end])
      return bytes.subarray(start, end)
    },
  }
}

const refuses = (files: GivenFiles, code: string, message: RegExp) =>
  assert.rejects(openFiles(files), (error) => {
    assert.ok(error instanceof EngineError, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, message)
    return true
  })

describe('openFiles', () => {
  const a = f32([2, 2], [1, 2, 3, 4])
  const b = f32([3], [5, 6, 7])
  const weightsOf = (tensors: Record<string, TestTensor>) => new Blob([new Uint8Array(safetensors(tensors))])
  const index = (weights: Record<string, string>) => new Blob([JSON.stringify({ metadata: {}, weight_map: weights })])

  for (const folder of ['goldens/opt', 'torch/opt'])
    it(`reads ${folder} from Blobs as the disk has it`, async () => {
      const [given, onDisk] = await Promise.all([openFiles(blobsOf(fixture(folder))), openCheckpoint(fixture(folder))])
      assert.deepEqual(given.config, onDisk.config)
      assert.deepEqual([...given.tensors], [...onDisk.tensors])
      for (const name of onDisk.tensors.keys()) assert.deepEqual(await given.read(name), await onDisk.read(name), name)
      await Promise.all([given.close(), onDisk.close()])
    })

  it('reads only the header until weights are asked for, then their bytes alone', async () => {
    const file = ranges(new Uint8Array(safetensors({ a, b })))
    const checkpoint = await openFiles({ 'any-name.safetensors': file })
    const { start, bytes } = checkpoint.tensors.get('b')!
    const first = Math.min(...[...checkpoint.tensors.values()].map((entry) => entry.start))
    assert.ok(file.asked.every(([, end]) => end <= first))
    assert.equal(checkpoint.bytesRead(), first)
    assert.deepEqual(new Float32Array((await checkpoint.read('b')).buffer), Float32Array.of(5, 6, 7))
    assert.deepEqual(file.asked.at(-1), [start, start + bytes])
  })

  it('finds the shards by the index, and has no config where no config.json is given', async () => {
    const files = {
      'model.safetensors.index.json': index({ a: '1.safetensors', b: '2.safetensors' }),
      '1.safetensors': weightsOf({ a }),
      '2.safetensors': weightsOf({ b }),
    }
    const checkpoint = await openFiles(files)
    assert.deepEqual([...checkpoint.tensors.keys()], ['a', 'b'])
    assert.equal(checkpoint.config, null)
    const { '2.safetensors': _, ...cut } = files
    await refuses(cut, 'bad-checkpoint', /2\.safetensors is missing.*give it too/)
  })

  it('says what is missing, where several files could be meant, and what is damaged', async () => {
    const weights = weightsOf({ a })
    await refuses({}, 'not-found', /no file holds weights; give model\.safetensors/)
    await refuses({ 'config.json': new Blob(['{}']) }, 'not-found', /no file holds weights/)
    await refuses({ 'a.safetensors': weights, 'b.safetensors': weights }, 'usage', /several.*a\.safetensors.*give one/)
    await refuses({ 'model.safetensors': weights.slice(0, 20) }, 'bad-checkpoint', /again/)
    await refuses({ 'model.safetensors': weights, 'config.json': new Blob(['{']) }, 'bad-checkpoint', /config\.json/)
  })

  it('refuses a source that gives fewer bytes than were asked for, or fails', async () => {
    const bytes = new Uint8Array(safetensors({ a }))
    const size = bytes.length
    const short = { size, read: async (start: number, end: number) => bytes.subarray(start, end - 1) }
    await refuses({ 'model.safetensors': short }, 'bad-checkpoint', /only 7 of 8 bytes could be read/)
    const failing = { size, read: () => Promise.reject(new Error('no connection')) }
    await refuses({ 'model.safetensors': failing }, 'disk', /model\.safetensors: no connection/)
  })

  it('gives no bytes once it is closed', async () => {
    const checkpoint = await openFiles({ 'model.safetensors': weightsOf({ a }) })
    await checkpoint.close()
    await assert.rejects(checkpoint.read('a'), /closed/)
  })
})
