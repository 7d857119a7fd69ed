// Models that are looked at on the Hub, against a server on this machine.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ServerResponse } from 'node:http'
import { wholeOf } from '../../../src/engine/checkpoint/inspection.ts'
import { compareCheckpoints } from '../../../src/engine/checkpoint/stats/compareCheckpoints.ts'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { hubAccess } from '../../../src/engine/hub/hubAccess.ts'
import { openRemote } from '../../../src/engine/hub/openRemote.ts'
import { cliWith } from '../../support/cli.ts'
import { entryOf, hubServer, type Asked, type HubServer } from '../../support/hubServer.ts'
import { ggufFile, keyText } from '../../support/gguf.ts'
import { f32, safetensors } from '../../support/safetensors.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'

const opt = goldenPath('opt')
const weight = 'model.decoder.layers.0.fc1.weight'
const large = (bytes: Buffer) => ({ bytes, lfs: true })
const small = (text: string) => ({ bytes: Buffer.from(text), lfs: false })

describe('a model that is looked at on the Hub', () => {
  let hub: HubServer
  let temp: Scratch
  beforeEach(async () => {
    temp = scratch()
    hub = await hubServer()
    hub.files.set('config.json', { bytes: readFileSync(join(opt, 'config.json')), lfs: false })
    hub.files.set('model.safetensors', large(readFileSync(join(opt, 'model.safetensors'))))
    hub.files.set('README.md', small('---\nlicense: mit\n---\n# Tiny\n'))
  })
  afterEach(async () => {
    await hub.close()
  })
  const env = (token = '') => ({ HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: temp.path('hub'), HF_TOKEN: token })
  const told = async (...args: string[]) => {
    const { status, stdout, stderr } = await cliWith(env(), ...args, '--json')
    assert.equal(status, 0, stderr)
    return JSON.parse(stdout) as Record<string, unknown> & { remote?: Record<string, unknown> }
  }
  const look = async () =>
    openRemote('org/tiny', {
      access: await hubAccess({ HF_ENDPOINT: hub.endpoint, HF_TOKEN: 'hf_secret' }, temp.path('home')),
      wait: () => Promise.resolve(),
    })
  const open = async () => wholeOf((await look()).inspection)
  const ranges = () => hub.asked.flatMap(({ host, range }) => (host === 'cdn' ? [range] : []))
  /** Answers the ranges of one file of weights in place of the server. */
  const weightsAre = (answer: (asked: Asked, response: ServerResponse, bytes: Buffer) => unknown) => {
    const bytes = hub.files.get('model.safetensors')?.bytes ?? Buffer.alloc(0)
    hub.interpose = (asked, response) => asked.host === 'cdn' && (answer(asked, response, bytes), true)
  }

  it('is what inspect says of it on a disk, from its header alone, and leaves nothing', async () => {
    const [there, here] = [await told('inspect', 'hf:org/tiny', '--remote'), await told('inspect', opt)]
    for (const key of ['tensors', 'totals', 'files', 'metadata']) assert.deepEqual(there[key], here[key], key)
    const { remote } = there
    assert.equal(remote?.repository, 'org/tiny')
    assert.equal(remote?.address, `${hub.endpoint}/org/tiny`)
    assert.match(String(remote?.card), /license: mit/)
    assert.equal((remote?.config as { model_type: string }).model_type, 'opt')
    assert.equal(existsSync(temp.path('hub')), false)
    const whole = hub.files.get('model.safetensors')?.bytes.length ?? 0
    assert.ok(Number(remote?.fetched_bytes) < whole / 4, `${String(remote?.fetched_bytes)} of ${whole}`)
    const { stdout } = await cliWith(env(), 'inspect', 'org/tiny', '--remote')
    assert.match(stdout, /on the Hub: 3 files, .*nothing is kept\nconfig.json: .*model_type opt.*\ncard of /)
  })

  it('fetches one tensor for its statistics, with one request, and they are those of the file', async () => {
    const [there, here] = [
      await told('inspect', 'hf:org/tiny', '--remote', '--tensor', weight),
      await told('inspect', opt, '--tensor', weight),
    ]
    assert.deepEqual(there.tensors, here.tensors)
    const [tensor] = here.tensors as { bytes: number }[]
    const lengths = ranges().map((range) => {
      const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? []
      return Number(last) - Number(first) + 1
    })
    assert.equal(lengths.at(-1), tensor.bytes)
    assert.equal(lengths.length, 3)
  })

  it('is read through the index of several files', async () => {
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
    hub.files.delete('model.safetensors')
    for (const [i, name] of shards.entries())
      hub.files.set(name, large(safetensors({ [`w${i}`]: f32([2, 2], [i, 1, 2, 3]) })))
    const map = { w0: shards[0], w1: shards[1] }
    hub.files.set('model.safetensors.index.json', small(JSON.stringify({ metadata: {}, weight_map: map })))
    const checkpoint = await open()
    assert.deepEqual([...checkpoint.tensors.keys()], ['w0', 'w1'])
    assert.deepEqual([...new Float32Array((await checkpoint.read('w1')).buffer)], [1, 1, 2, 3])
    hub.files.delete(shards[1])
    await assert.rejects(open(), /model-00002-of-00002.safetensors is missing on the Hub/)
    const { inspection } = await look()
    assert.deepEqual([...inspection.checkpoint.tensors.keys()], ['w0'])
    assert.deepEqual(inspection.problems[0].tensors, ['w1'])
  })

  it('is read from a GGUF file, the named one of several', async () => {
    const f16 = (values: number[]) => new Uint8Array(Uint16Array.from(values).buffer)
    // Two blocks of Q8_0: a scale of 1 and the numbers 0 to 31.
    const block = [...f16([0x3c00]), ...Array.from({ length: 32 }, (_, i) => i)]
    const bytes = ggufFile({ w: { type: 8, dims: [32, 2], data: Uint8Array.from([...block, ...block]) } }, [
      keyText('general.architecture', 'llama'),
    ])
    hub.files.clear()
    hub.files.set('tiny-Q8_0.gguf', large(bytes))
    const { inspection } = await look()
    const numbers = new Float32Array((await inspection.checkpoint.read('w')).buffer)
    assert.deepEqual([...numbers.subarray(30, 34)], [30, 31, 0, 1])
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(ranges().at(-1) ?? '') ?? []
    assert.equal(Number(last) - Number(first) + 1, 68, 'its blocks come as they are stored')
    hub.files.set('tiny-F16.gguf', large(ggufFile({ v: { type: 1, dims: [2], data: f16([0, 0x3c00]) } })))
    await assert.rejects(look(), /has 2 GGUF models; name one as org\/tiny#FILE: tiny-Q8_0.gguf, tiny-F16.gguf/)
    const named = await told('inspect', 'hf:org/tiny#tiny-F16.gguf', '--remote', '--tensor', 'v')
    assert.deepEqual((named.tensors as { zeros: number }[])[0].zeros, 1)
    const other = await cliWith(env(), 'inspect', 'hf:org/tiny#none.gguf', '--remote')
    assert.match(other.stderr, /has no file .none.gguf.; it has tiny-Q8_0.gguf/)
  })

  it('is compared with one on the disk', async () => {
    const [checkpoint, here] = [await open(), await openCheckpoint(opt)]
    const { same, changed } = await compareCheckpoints(here, checkpoint)
    assert.deepEqual([same, changed], [here.tensors.size, []])
    await here.close()
    const { stdout, status } = await cliWith(env(), 'compare', opt, 'hf:org/tiny', '--remote')
    assert.equal(status, 0)
    assert.match(stdout, /fetching .* of weights from .*org\/tiny\n[^]*tensors are equal/)
  })

  it('sends the token to the Hub alone, and refuses a text without its announced hash', async () => {
    await open()
    for (const { host, authorization } of hub.asked)
      assert.equal(authorization, host === 'hub' ? 'Bearer hf_secret' : undefined)
    const lying = hub.files.get('config.json')
    hub.entries = () =>
      [...hub.files].map(([path, file]) =>
        entryOf(path, path === 'config.json' && lying ? { ...lying, bytes: Buffer.from(lying.bytes).reverse() } : file),
      )
    await assert.rejects(open(), /config.json: its hash is not the one that the Hub announces/)
  })

  it('continues where a connection broke, a few times', async () => {
    let broken = 0
    weightsAre(({ range }, response, bytes) => {
      const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? []
      const part = bytes.subarray(Number(first), Number(last) + 1)
      const whole = part.length <= 1000
      response.writeHead(206, {
        'content-range': `bytes ${first}-${last}/${bytes.length}`,
        'content-length': part.length,
      })
      if (whole) return response.end(part)
      broken++
      return response.write(part.subarray(0, part.length - 900), () => response.destroy())
    })
    const checkpoint = await open()
    assert.deepEqual(Buffer.from(await checkpoint.read(weight)), await bytesOf(weight))
    assert.ok(broken >= 2)
    weightsAre((_, response) => response.destroy())
    await assert.rejects(open(), { code: 'network' })
  })

  it('fails with a message where a server sends wrong or endless data', async () => {
    const attempts = async (expected: RegExp) => {
      hub.asked.length = 0
      await assert.rejects(open(), { message: expected })
      assert.ok(hub.asked.length < 300, `${hub.asked.length} requests`)
    }
    const range = (asked: Asked) => /^bytes=(\d+-\d+)$/.exec(asked.range ?? '')?.[1] ?? ''
    weightsAre((_, response, bytes) => response.writeHead(200).end(bytes))
    await attempts(/does not send the requested range/)
    weightsAre((asked, response) => {
      response.writeHead(206, { 'content-range': `bytes ${range(asked)}/*` })
      const more = () => void (response.destroyed || response.write(Buffer.alloc(65_536), more))
      more()
    })
    await attempts(/model.safetensors: the Hub sends more than the 8 requested bytes/)
    weightsAre((asked, response, bytes) => {
      response.writeHead(206, { 'content-range': `bytes ${range(asked)}/${bytes.length}` }).end('a')
    })
    await attempts(/closed the connection after \d of \d bytes/)
    weightsAre((_, response) => response.writeHead(302, { location: hub.endpoint }).end())
    hub.interpose = ({ url }, response) => url.includes('resolve') && !!response.writeHead(302, { location: url }).end()
    await attempts(/redirect count exceeded/)
    hub.interpose = ({ url }, response) =>
      url.includes('resolve') && !!response.writeHead(302, { location: 'file:///etc/passwd' }).end()
    await attempts(/cannot be reached/)
    weightsAre((_, response) => response.writeHead(503).end('busy'))
    await attempts(/answers with status 503/)
  })

  it('has its hostile header refused as on a disk', async () => {
    for (const [bytes, expected] of [
      [Buffer.from([255, 255, 255, 255, 255, 255, 255, 127, 1]), /header/],
      [Buffer.from('abc'), /too short|bytes/],
      [Buffer.concat([Buffer.from([4, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('null')]), /header/],
    ] as const) {
      hub.files.set('model.safetensors', large(bytes))
      await assert.rejects(open(), { code: 'bad-checkpoint', message: expected })
    }
    hub.entries = () => [
      { ...entryOf('model.safetensors', large(Buffer.alloc(9))), lfs: { oid: '0'.repeat(64), size: 2 ** 60 } },
    ]
    await assert.rejects(open(), { code: 'network', message: /an answer that cannot be read/ })
  })

  it('is refused in one line with exit code 2 where it cannot be meant', async () => {
    const ends = async (line: RegExp, ...args: string[]) => {
      const { status, stderr } = await cliWith(env(), 'inspect', ...args)
      assert.deepEqual([status, stderr.trim().split('\n').length], [2, 1], stderr)
      assert.match(stderr, line)
    }
    await ends(/is not the name of a model on the Hub/, '/tmp/x', '--remote')
    await ends(/there is no org\/none/, 'org/none', '--remote')
    await ends(/no revision v9/, 'hf:org/tiny@v9', '--remote')
    await ends(/name one with --tensor, or run `sparsescope pull org\/tiny`/, 'hf:org/tiny', '--remote', '--stats')
    await ends(/has no tensor 'fc9'|has no tensor "fc9"/, 'hf:org/tiny', '--remote', '--tensor', 'fc9')
    hub.interpose = (_, response) => !!response.writeHead(401, { 'x-error-code': 'GatedRepo' }).end()
    await ends(/is gated or private.*set HF_TOKEN/, 'hf:org/tiny', '--remote')
    assert.deepEqual(readdirSync(temp.path()), [])
  })
})

async function bytesOf(name: string): Promise<Buffer> {
  const checkpoint = await openCheckpoint(opt)
  try {
    return Buffer.from(await checkpoint.read(name))
  } finally {
    await checkpoint.close()
  }
}
