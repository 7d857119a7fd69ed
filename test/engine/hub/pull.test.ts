import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hubAccess } from '../../../src/engine/hub/hubAccess.ts'
import { pull, type PullOptions } from '../../../src/engine/hub/pull.ts'
import { commit, entryOf, hubServer, type HubServer } from '../../support/hubServer.ts'
import { f32, safetensors } from '../../support/safetensors.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'

const weights = safetensors({
  'a.weight': f32(
    [64, 64],
    Array.from({ length: 4096 }, (_, i) => i),
  ),
})
const text = (value: string) => ({ bytes: Buffer.from(value), lfs: false })
const large = { bytes: weights, lfs: true }

describe('pulling a model of the Hub', () => {
  let hub: HubServer
  let temp: Scratch
  const waits: number[] = []
  beforeEach(async () => {
    temp = scratch()
    waits.length = 0
    hub = await hubServer()
    hub.files.set('config.json', text('{"model_type": "opt"}'))
    hub.files.set('tokenizer.json', text('{}'))
    hub.files.set('model.safetensors', large)
  })
  afterEach(async () => {
    await hub.close()
  })
  const cache = () => temp.path('hub')
  const repository = (...parts: string[]) => join(cache(), 'models--org--tiny', ...parts)
  const snapshot = (...parts: string[]) => repository('snapshots', commit, ...parts)
  const access = (env: NodeJS.ProcessEnv = {}) => hubAccess({ HF_ENDPOINT: hub.endpoint, ...env }, temp.path('home'))
  const get = async (more: Partial<PullOptions> = {}, revision = 'main') =>
    pull(
      { repository: 'org/tiny', revision },
      {
        access: await access(),
        cache: cache(),
        wait: async (ms) => void waits.push(ms),
        ...more,
      },
    )
  const sha256 = createHash('sha256').update(weights).digest('hex')
  const partial = () => repository('blobs', `${sha256}.incomplete`)
  const from = (at: number) => `bytes=${at}-${weights.length - 1}`
  const bodiesOf = (path: string) => hub.asked.filter(({ url, host }) => host === 'cdn' && url === `/${path}`)

  it('puts it into the cache as huggingface_hub does', async () => {
    hub.pageSize = 1
    const { folder, files, bytes, fetchedBytes } = await get()
    assert.equal(folder, snapshot())
    assert.equal(readFileSync(repository('refs', 'main'), 'utf8'), commit)
    assert.equal(readlinkSync(snapshot('model.safetensors')), `../../blobs/${sha256}`)
    assert.deepEqual(readFileSync(snapshot('model.safetensors')), weights)
    const config = entryOf('config.json', hub.files.get('config.json') ?? large).oid
    assert.equal(readlinkSync(snapshot('config.json')), `../../blobs/${config}`)
    assert.deepEqual(files.map(({ path }) => path).sort(), ['config.json', 'model.safetensors', 'tokenizer.json'])
    assert.equal(bytes, fetchedBytes)
    assert.equal(readdirSync(repository('blobs')).length, 3)
  })

  it('fetches nothing a second time, and makes no reference for a commit', async () => {
    await get()
    assert.equal((await get()).fetchedBytes, 0)
    assert.equal(bodiesOf('model.safetensors').length, 1)
    await get({}, commit)
    assert.deepEqual(readdirSync(repository('refs')), ['main'])
  })

  describe('takes only what a checkpoint needs', () => {
    const names = ({ files }: Awaited<ReturnType<typeof pull>>) => files.map(({ path }) => path).sort()
    beforeEach(() => {
      for (const other of [
        'tf_model.h5',
        'flax_model.msgpack',
        'model.onnx',
        'README.md',
        'run.py',
        'pytorch_model.bin',
      ])
        hub.files.set(other, text(other))
      hub.files.set('original/consolidated.00.pth', text('p'))
    })

    it('prefers safetensors, and takes PyTorch where there is nothing else', async () => {
      assert.deepEqual(names(await get()), ['config.json', 'model.safetensors', 'tokenizer.json'])
      hub.files.delete('model.safetensors')
      assert.deepEqual(names(await get()), ['config.json', 'pytorch_model.bin', 'tokenizer.json'])
    })

    it('the shards that the index names', async () => {
      const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
      const index = { weight_map: { a: shards[0], b: shards[1] } }
      hub.files.delete('model.safetensors')
      hub.files.set('model.safetensors.index.json', text(JSON.stringify(index)))
      for (const shard of shards) hub.files.set(shard, { bytes: Buffer.from(shard), lfs: true })
      hub.files.set('model-00009-of-00009.safetensors', large)
      assert.deepEqual(names(await get()), ['config.json', ...shards, 'model.safetensors.index.json', 'tokenizer.json'])
      hub.files.delete(shards[1])
      await assert.rejects(get(), { code: 'bad-checkpoint', message: /"model-00002.*is missing/ })
    })

    it('and refuses a model without weights', async () => {
      hub.files.delete('model.safetensors')
      hub.files.delete('pytorch_model.bin')
      await assert.rejects(get(), { code: 'bad-checkpoint', message: /has none of model.safetensors/ })
    })
  })

  describe('continues where it stopped', () => {
    /** The CDN sends so many bytes of the weights and closes, so many times. */
    const closeAfter = (bytes: number, times: number) => {
      hub.interpose = ({ host, range }, response) => {
        if (host !== 'cdn' || times-- <= 0) return false
        const from = Number(/\d+/.exec(range ?? '')?.[0] ?? 0)
        response.writeHead(range ? 206 : 200, {
          'content-length': weights.length - from,
          'content-range': `bytes ${from}-${weights.length - 1}/${weights.length}`,
        })
        response.write(weights.subarray(from, from + bytes), () => response.destroy())
        return true
      }
    }

    it('at once, when the server closes', async () => {
      closeAfter(5000, 2)
      await get()
      assert.deepEqual(readFileSync(snapshot('model.safetensors')), weights)
      assert.deepEqual(
        bodiesOf('model.safetensors').map(({ range }) => range),
        [0, 5000, 10000].map(from),
      )
    })

    it('after a pull that gave up, from the received parts', async () => {
      hub.interpose = ({ host, range }, response) => {
        if (host !== 'cdn') return false
        if (range === from(0)) {
          response.writeHead(200, { 'content-length': weights.length })
          response.write(weights.subarray(0, 5000), () => response.destroy())
        } else response.destroy()
        return true
      }
      await assert.rejects(get(), { code: 'network', message: /cannot be reached: other side closed/ })
      assert.equal(existsSync(snapshot()), false)
      assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16000])
      const had = lstatSync(partial()).size
      assert.equal(had, 5000)
      hub.interpose = null
      await get()
      assert.equal(bodiesOf('model.safetensors').at(-1)?.range, from(had))
    })

    it('at the next pull from the beginning, where the server knows no ranges', async () => {
      mkdirSync(repository('blobs'), { recursive: true })
      writeFileSync(partial(), weights.subarray(0, 1000))
      hub.interpose = ({ host }, response) => {
        if (host !== 'cdn') return false
        response.writeHead(200, { 'content-length': weights.length }).end(weights)
        return true
      }
      await assert.rejects(get(), {
        code: 'network',
        message: /does not send the requested range; try again/,
      })
      await get()
      assert.deepEqual(readFileSync(snapshot('model.safetensors')), weights)
    })

    it('after it was cancelled', async () => {
      const abort = new AbortController()
      hub.interpose = ({ host }, response) => {
        if (host !== 'cdn') return false
        response.writeHead(200, { 'content-length': weights.length })
        response.write(weights.subarray(0, 7000))
        return true
      }
      const whole = Buffer.byteLength('{"model_type": "opt"}{}')
      const onProgress = (have: number) => {
        if (have >= whole + 7000) abort.abort()
      }
      await assert.rejects(get({ signal: abort.signal, onProgress }), { code: 'cancelled' })
      assert.equal(lstatSync(partial()).size, 7000)
      hub.interpose = null
      await get()
      assert.equal(bodiesOf('model.safetensors').at(-1)?.range, from(7000))
    })
  })

  describe('believes no server', () => {
    it('with a wrong hash: the file is removed', async () => {
      const others = Buffer.from(weights)
      others[others.length - 1] ^= 1
      hub.interpose = ({ host }, response) => host === 'cdn' && !!response.writeHead(200).end(others)
      await assert.rejects(get(), { code: 'network', message: /model.safetensors: its hash is not the one/ })
      assert.equal(existsSync(partial()), false)
      assert.equal(existsSync(snapshot()), false)
    })

    it('with a wrong hash of a small file', async () => {
      hub.interpose = ({ url }, response) =>
        url.endsWith('config.json') && !!response.writeHead(200).end('{"model_type": "ppt"}')
      await assert.rejects(get(), { code: 'network', message: /config.json: its hash is not the one/ })
    })

    it('with more bytes than announced, or a size beyond the disk', async () => {
      const lie = (bytes: number) => {
        hub.entries = () =>
          [...hub.files].map(([path, file]) => {
            const entry = entryOf(path, file)
            return file.lfs ? { ...entry, size: bytes, lfs: { oid: sha256, size: bytes } } : entry
          })
      }
      lie(100)
      await assert.rejects(get(), { code: 'network', message: /model.safetensors: its hash is not the one/ })
      assert.equal(existsSync(partial()), false)
      lie(2 ** 52)
      await assert.rejects(get(), { code: 'disk', message: /are needed for org\/tiny .* are free/ })
      assert.equal(bodiesOf('model.safetensors').length, 1)
      lie(-1)
      await assert.rejects(get(), { code: 'network', message: /an answer that cannot be read/ })
    })

    for (const path of [
      '../../evil.json',
      '/evil.json',
      'a/../evil.json',
      'evil\0.json',
      'C:evil.json',
      'a\\evil.json',
      './evil.json',
      'a//evil.json',
    ])
      it(`a file called ${JSON.stringify(path)}`, async () => {
        hub.entries = () => [
          ...[...hub.files].map(([name, file]) => entryOf(name, file)),
          { ...entryOf('x', text('evil')), path },
        ]
        const evil = () => readdirSync(temp.folder, { recursive: true }).filter((name) => String(name).includes('evil'))
        await get()
        assert.deepEqual(evil(), [])
        hub.files.delete('model.safetensors')
        hub.files.set('model.safetensors.index.json', text(JSON.stringify({ weight_map: { a: path } })))
        await assert.rejects(get(), { code: 'bad-checkpoint' })
        assert.deepEqual(evil(), [])
      })

    it('with an invalid answer', async () => {
      hub.interpose = (_, response) => !!response.writeHead(200).end('<html>')
      await assert.rejects(get(), { code: 'network', message: /cannot be read/ })
    })

    it('with redirects in a circle, or to an invalid address', async () => {
      hub.interpose = ({ url }, response) => !!response.writeHead(302, { location: url }).end()
      await assert.rejects(get(), { code: 'network', message: /redirect count exceeded/ })
      hub.interpose = (_, response) => !!response.writeHead(302, { location: 'file:///etc/passwd' }).end()
      await assert.rejects(get(), { code: 'network', message: /cannot be reached/ })
    })
  })

  describe('sends the token', () => {
    const token = 'hf_secret'
    it('to the Hub, and to no host that it redirects to', async () => {
      await get({ access: await access({ HF_TOKEN: token }) })
      const seen = (host: string) => new Set(hub.asked.filter((a) => a.host === host).map((a) => a.authorization))
      assert.deepEqual([...seen('hub')], [`Bearer ${token}`])
      assert.deepEqual([...seen('cdn')], [undefined])
    })

    it('to no address that the list of files names as its next page', async () => {
      hub.interpose = ({ host, url }, response) => {
        if (host === 'cdn') return !!response.writeHead(200).end('[]')
        if (!url.includes('/tree/')) return false
        const elsewhere = hub.endpoint.replace('127.0.0.1', 'localhost')
        response.writeHead(200, { link: `<${elsewhere}/next>; rel="next"` }).end('[]')
        return true
      }
      await assert.rejects(get({ access: await access({ HF_TOKEN: token }) }))
      const next = hub.asked.filter(({ url }) => url === '/next')
      assert.deepEqual(
        next.map(({ authorization }) => authorization),
        [undefined],
      )
    })
  })

  describe('says what is wrong', () => {
    const refuse = (status: number, headers = {}) => {
      hub.interpose = (_, response) => !!response.writeHead(status, headers).end()
    }
    it('with a gated model: the page and the token', async () => {
      refuse(401, { 'x-error-code': 'GatedRepo' })
      const page = new RegExp(`gated or private.*${hub.endpoint}/org/tiny.*HF_TOKEN`)
      await assert.rejects(get(), { code: 'usage', message: page })
      refuse(403)
      await assert.rejects(get({ access: await access({ HF_TOKEN: 'hf_x' }) }), { code: 'usage', message: page })
      refuse(401)
      await assert.rejects(get({ access: await access({ HF_TOKEN: 'hf_x' }) }), {
        message: /refuses the token for org\/tiny; .*HF_TOKEN/,
      })
    })

    it('with gated weights', async () => {
      hub.interpose = ({ url }, response) => url.includes('/resolve/') && !!response.writeHead(403).end()
      await assert.rejects(get(), { code: 'usage', message: /gated or private/ })
    })

    it('with a missing name or revision', async () => {
      await assert.rejects(get({}, 'v9'), { code: 'not-found', message: /no revision v9/ })
      refuse(404)
      await assert.rejects(get(), { code: 'not-found', message: /there is no org\/tiny/ })
    })

    it('without a network, and with a server that fails', async () => {
      refuse(503)
      await assert.rejects(get(), { code: 'network', message: /status 503/ })
      const dead = await access()
      await hub.close()
      await assert.rejects(get({ access: dead }), { code: 'network', message: /ECONNREFUSED/ })
    })

    it('with a cache that is not a folder', async () => {
      const message = /a file, not a folder/
      await assert.rejects(get({ cache: temp.write('file', '') }), { code: 'usage', message })
    })
  })
})
