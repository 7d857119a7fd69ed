import assert from 'node:assert/strict'
import { truncateSync, writeFileSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { readModelFacts } from '../../../../src/extension/models/factsWorker.ts'
import { FactsThread, factsHeap, listedHeaderBytes } from '../../../../src/extension/support/factsThread.ts'
import { startWorker } from '../../../../src/system/startWorker.ts'
import { fileBytes } from '../../../support/safetensors.ts'
import { scratch, type Scratch } from '../../../support/scratch.ts'

const source = new URL('../../../../src/extension/models/factsWorker.ts', import.meta.url)

describe('the thread that reads headers for the extension host', function () {
  this.timeout(120_000)
  let temp: Scratch
  let thread: FactsThread
  let started = 0
  const begin = (resourceLimits: object = factsHeap) => {
    started = 0
    thread = new FactsThread(() => {
      started++
      return startWorker(source.href, './factsWorker.ts', 'factsWorker', { resourceLimits })
    })
  }
  beforeEach(() => {
    temp = scratch()
    begin()
  })
  afterEach(() => {
    thread.dispose()
  })

  /** A model of one-byte tensors whose header has about so many bytes. */
  const model = (name: string, headerBytes: number) => {
    const header: Record<string, object> = {}
    const count = Math.floor(headerBytes / 118)
    for (let i = 0; i < count; i++)
      header[`model.layers.${i}.${'x'.repeat(30)}`.padEnd(46, 'x')] = {
        dtype: 'F8_E4M3',
        shape: [1],
        data_offsets: [i, i + 1],
      }
    const path = temp.path(`${name}.safetensors`)
    writeFileSync(path, fileBytes(JSON.stringify(header), new Uint8Array(count)))
    return { path, count }
  }
  /** Headers that are claimed, and files long enough for them: nothing is there to be parsed. */
  const claimed = (name: string, headerBytes: number) => {
    const path = temp.path(`${name}.safetensors`)
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(headerBytes))
    writeFileSync(path, length)
    truncateSync(path, headerBytes + 1000)
    return path
  }
  /** Bytes that this thread reads from files meanwhile. */
  async function readHere(work: () => Promise<unknown>): Promise<number> {
    const handle = await open(fileURLToPath(import.meta.url))
    const prototype = Object.getPrototypeOf(handle) as FileHandle
    await handle.close()
    const { read } = prototype
    let bytes = 0
    prototype.read = async function (this: FileHandle, ...given: unknown[]) {
      const result = (await Reflect.apply(read, this, given)) as { bytesRead: number }
      bytes += result.bytesRead
      return result
    } as typeof read
    try {
      await work()
    } finally {
      prototype.read = read
    }
    return bytes
  }

  it('reads eight models with headers of 3.9 MB outside the host', async () => {
    const models = Array.from({ length: 8 }, (_, i) => model(`m${i}`, 3.9e6))
    const [{ path, count }] = models
    // The same without the thread shows that the bytes are counted.
    assert.ok((await readHere(() => readModelFacts(path))) > 3e6)
    let facts: unknown[] = []
    const bytes = await readHere(async () => {
      facts = await Promise.all(models.map((one) => thread.list(one.path)))
    })
    assert.equal(bytes, 0)
    assert.equal(facts.length, 8)
    for (const one of facts) assert.equal((one as { parameters: number } | null)?.parameters, count)
    assert.equal(started, 1)
  })

  it('leaves eight models with headers of 40 MB unread, and continues', async () => {
    const paths = Array.from({ length: 8 }, (_, i) => claimed(`m${i}`, 40e6))
    assert.deepEqual(await Promise.all(paths.map((path) => thread.list(path))), Array(8).fill(null))
    const small = model('small', 1e4)
    assert.equal((await thread.list(small.path))?.parameters, small.count)
    assert.equal(started, 1)
  })

  it('counts the headers of all shards together, and the index', async () => {
    const names = ['model-00001-of-00002', 'model-00002-of-00002']
    for (const name of names) assert.ok(await thread.list(model(name, 0.6 * listedHeaderBytes).path))
    const index = temp.path('model.safetensors.index.json')
    writeFileSync(index, JSON.stringify({ weight_map: { a: `${names[0]}.safetensors`, b: `${names[1]}.safetensors` } }))
    assert.equal(await thread.list(index), null)
    writeFileSync(index, ' '.repeat(listedHeaderBytes + 1))
    assert.equal(await thread.list(index), null)
  })

  it('outlives a model that takes more memory than its heap has', async () => {
    begin({ maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 8 })
    const large = model('large', 20e6).path
    const small = model('small', 1e4)
    const first = thread.list(small.path)
    const refused = assert.rejects(thread.read(large), /do not fit into the memory reserved/)
    const second = thread.list(small.path)
    await refused
    for (const facts of await Promise.all([first, second])) assert.equal(facts?.parameters, small.count)
    assert.equal(started, 2)
  })

  it('says in a sentence why a model cannot be read', async () => {
    const path = temp.write('broken.safetensors', 'version https://git-lfs.github.com/spec/v1\n')
    await assert.rejects(thread.list(path), /broken\.safetensors: /)
  })
})
