import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createCaller, type Caller } from '../../../src/extension/backend/calls.ts'
import { createLaunch, type Launched } from '../../../src/extension/backend/launch.ts'
import { ownSecret } from '../../../src/extension/backend/socketPlace.ts'
import type { ScanProgress } from '../../../src/protocol/inspect.ts'
import type { TryProgress } from '../../../src/protocol/tryOut.ts'
import { protocolVersion } from '../../../src/protocol/rpc.ts'
import { proveAsClient } from '../../../src/system/handshake.ts'
import { makeWorkspace } from '../../../scripts/vscode/workspace.mjs'
import { scratch } from '../../support/scratch.ts'
import { lacks } from '../../support/skip.ts'
import { until } from '../../support/until.ts'

const root = new URL('../../../', import.meta.url).pathname
const script = join(root, 'dist/backend.mjs')

describe('the backend process', function () {
  this.timeout(300_000)
  let folder = ''
  let launched: Launched
  let call: Caller
  let pid = 0
  before(function () {
    if (!existsSync(script)) lacks(this, 'no dist/backend.mjs: run npm run build')
  })
  beforeEach(async () => {
    folder = makeWorkspace(root, scratch().folder)
    const first = await open()
    ;({ launched, call, pid } = first)
  })
  afterEach(async () => {
    launched.connection.dispose()
    launched.kill(pid)
    await gone(pid)
  })

  /** A window: it starts the backend of this test's folder, or finds it. */
  async function open() {
    const place = join(folder, 'backend.sock')
    const isPlaceTaken = () => existsSync(place)
    const secret = () => ownSecret(folder)
    const launch = createLaunch({ script, placeOf: () => place, isPlaceTaken, ownSecret: secret, log: () => {} })
    const launched = await launch({ path: process.execPath, origin: 'host' })
    const call = createCaller(launched.connection)
    launched.connection.listen()
    const answer = await call('hello', hello('cpu'))
    assert.equal(answer.protocol, protocolVersion)
    return { launched, call, pid: answer.pid }
  }
  const hello = (device: 'cpu' | 'wgpu') => {
    const own = { device, adapter: '', threads: 1, deviceMemory: '', precision: 'auto' } as const
    return { protocol: protocolVersion, cache: join(folder, 'cache'), ...own }
  }
  const model = () => join(folder, 'opt')

  it('summarises a header, and says in a sentence why a file is none', async () => {
    const { model: summary } = await call('openModel', { path: model() })
    assert.equal(summary.modelType, 'opt')
    assert.equal(summary.tensors.filter((t) => t.role === 'linear').length, 12)
    const broken = join(folder, 'broken.safetensors')
    writeFileSync(broken, 'version https://git-lfs.github.com/spec/v1\n')
    await assert.rejects(call('openModel', { path: broken }), { code: 'bad-checkpoint' })
  })

  it('plans with the device of the last settings', async function () {
    const recipe = join(folder, 'magnitude.prune.yaml')
    const seconds = async () =>
      (await call('plan', { recipe, text: readFileSync(recipe, 'utf8') })).estimates?.seconds ??
      assert.fail('no estimate')
    await call('hello', hello('wgpu'))
    const found = await call('device', null).catch(() => null)
    if (found?.device !== 'wgpu') lacks(this, 'no WebGPU adapter')
    const onGpu = await seconds()
    await call('hello', hello('cpu'))
    const onCpu = await seconds()
    assert.ok(onCpu > onGpu, `${onCpu} s on the CPU, ${onGpu} s on a GPU`)
  })

  it('says how a checkpoint of ours was made, and writes its card once', async () => {
    assert.equal((await call('openModel', { path: model() })).model.origin, undefined)
    await call('run', { recipe: join(folder, 'magnitude.prune.yaml'), set: [], resume: null, memoryBytes: null })
    const saved = join(folder, 'opt-magnitude', 'model.safetensors')
    const { origin } = (await call('openModel', { path: saved })).model
    const facts = new Map(origin?.facts)
    assert.equal(facts.get('pruned'), 'Magnitude, 50.00 %')
    assert.match(origin?.recipe ?? '', /^version: 1\n/)
    assert.equal(origin?.hasCard, false)
    const { file } = await call('writeCard', { path: saved })
    assert.equal(file, join(folder, 'opt-magnitude', 'README.md'))
    await assert.rejects(call('writeCard', { path: saved }), { code: 'exists' })
  })

  it('tries models out side by side, token after token; a cancellation ends it', async () => {
    const sample = join(root, 'samples/opt')
    const params = { models: [sample, model()], prompts: ['The'], maxTokens: 5, memoryBytes: null }
    const seen: TryProgress[] = []
    const { device } = await call('tryOut', params, { onProgress: (p) => seen.push(p) })
    assert.ok(device.length > 0)
    assert.equal(seen.filter((p) => p.type === 'token' && p.column === 0).length, 5)
    const failed = seen.find((p) => p.type === 'failed')
    assert.match(failed?.type === 'failed' ? failed.message : '', /has no tokenizer\.json/)
    assert.equal(seen.filter((p) => p.type === 'judged').length, 1)
    const abort = new AbortController()
    const options = { signal: abort.signal, onProgress: (p: TryProgress) => p.type === 'token' && abort.abort() }
    // So much that a busy machine has not finished it when the cancellation arrives.
    const long = { ...params, models: [sample], prompts: Array<string>(50).fill('The'), maxTokens: 200 }
    await assert.rejects(call('tryOut', long, { ...options, onProgress: (p) => void options.onProgress(p) }), {
      code: 'cancelled',
    })
    await assert.rejects(call('tryOut', { ...params, models: [] }), { code: 'usage' })
    const turns = [{ prompt: 'Hi', answers: ['one', 'too many'] }]
    await assert.rejects(call('tryOut', { ...params, models: [sample], turns }), { code: 'usage' })
    writeFileSync(join(model(), 'chat_template.jinja'), '{{ messages }}')
    assert.deepEqual(await call('chatTemplates', { models: [model(), sample, 'nowhere'] }), [true, false, false])
  })

  it('lists the adapters of this machine, each by the name that selects it', async () => {
    for (const { name, software } of await call('adapters', null)) {
      assert.ok(name.length > 0)
      if (name.startsWith('llvmpipe')) assert.equal(software, true)
    }
  })

  it('scans with progress, matrices of the blocks first, and a second time from the cache', async () => {
    const seen: ScanProgress[] = []
    const result = await call('scan', { path: model() }, { onProgress: (p) => seen.push(p) })
    const { model: summary } = await call('openModel', { path: model() })
    assert.deepEqual(result, { scanned: summary.tensors.length, skipped: 0, partial: false })
    const names = seen.flatMap((p) => p.stats.map((s) => s.name))
    assert.equal(new Set(names).size, summary.tensors.length)
    assert.match(names[0], /layers\.0\..*\.weight$/)
    const stamp = readFileSync(join(folder, 'opt/model.safetensors'))
    writeFileSync(join(folder, 'opt/model.safetensors'), stamp)
    const again = await call('scan', { path: model() })
    assert.equal(again.scanned, summary.tensors.length)
  })

  it('gives a tile of single weights as the weights', async () => {
    const name = 'model.decoder.layers.0.fc1.weight'
    const region = { rowStart: 2, rowEnd: 6, columnStart: 3, columnEnd: 8 }
    const tile = await call('tile', { path: model(), name, slice: [], ...region, width: 100, height: 100 })
    assert.deepEqual([tile.width, tile.height], [5, 4])
    const file = readFileSync(join(folder, 'opt/model.safetensors'))
    const headerBytes = Number(file.readBigUInt64LE())
    const header = JSON.parse(file.toString('utf8', 8, 8 + headerBytes)) as Record<
      string,
      { data_offsets: [number, number] }
    >
    const start = 8 + headerBytes + header[name].data_offsets[0]
    const values = Buffer.from(tile.values ?? '', 'base64')
    for (let r = 0; r < 4; r++)
      for (let c = 0; c < 5; c++)
        assert.equal(values.readFloatLE(4 * (r * 5 + c)), file.readFloatLE(start + 4 * ((2 + r) * 48 + 3 + c)))
    const outside = { ...region, rowEnd: 1000 }
    await assert.rejects(call('tile', { path: model(), name, slice: [], ...outside, width: 9, height: 9 }), {
      code: 'usage',
    })
  })

  it('gives single weights, and ends a picture that nobody waits for any more', async () => {
    const name = 'model.decoder.layers.0.fc1.weight'
    const region = { rowStart: 3, rowEnd: 4, columnStart: 5, columnEnd: 6 }
    const tile = await call('tile', { path: model(), name, slice: [], ...region, width: 1, height: 1 })
    const { value } = await call('weight', { path: model(), name, slice: [], row: 3, column: 5 })
    assert.equal(Number(value), Buffer.from(tile.values ?? '', 'base64').readFloatLE())
    await assert.rejects(call('weight', { path: model(), name, slice: [], row: 3, column: 48 }), { code: 'usage' })
    // 1.6 GB of zeros that take no room: a picture of all of it cannot be done before its end is asked for.
    const size = 20_000
    const huge = join(folder, 'huge.safetensors')
    const shape = { dtype: 'F32', shape: [size, size], data_offsets: [0, 4 * size ** 2] }
    const header = Buffer.from(JSON.stringify({ w: shape }))
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(header.length))
    writeFileSync(huge, Buffer.concat([length, header]))
    truncateSync(huge, 8 + header.length + 4 * size ** 2)
    const abort = new AbortController()
    const whole = { rowStart: 0, rowEnd: size, columnStart: 0, columnEnd: size, width: 100, height: 100 }
    const picture = call('tile', { path: huge, name: 'w', slice: [], ...whole }, { signal: abort.signal })
    abort.abort()
    await assert.rejects(picture, { code: 'cancelled' })
  })

  it('inspects a model with a missing shard, remembers its statistics, and does not compare it', async () => {
    const holed = join(folder, 'holed')
    mkdirSync(holed)
    copyFileSync(join(folder, 'opt/model.safetensors'), join(holed, '1.safetensors'))
    const { model: whole } = await call('openModel', { path: model() })
    const weightMap: Record<string, string> = { lost: '2.safetensors' }
    for (const { name } of whole.tensors) weightMap[name] = '1.safetensors'
    writeFileSync(join(holed, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }))
    assert.equal((await call('scan', { path: holed })).scanned, whole.tensors.length)
    const { model: summary, stats } = await call('openModel', { path: holed })
    assert.deepEqual([summary.problems[0].missing, stats.length], [['lost'], whole.tensors.length])
    await assert.rejects(call('compare', { a: { path: holed }, b: { path: model() } }), { code: 'bad-checkpoint' })
  })

  it('answers while a run is in progress, and cancels it within seconds', async () => {
    const abort = new AbortController()
    let running: () => void = () => {}
    const begun = new Promise<void>((resolve) => (running = resolve))
    const params = { recipe: join(folder, 'long.prune.yaml'), set: [], resume: null, memoryBytes: null }
    const run = call('run', params, { signal: abort.signal, onProgress: () => running() })
    const outcome = run.catch((error: { code: string }) => error.code)
    await begun
    assert.equal(await call('ping', null), null)
    assert.equal((await call('openModel', { path: model() })).model.modelType, 'opt')
    abort.abort()
    assert.equal(await outcome, 'cancelled')
    assert.ok(!existsSync(join(folder, 'opt-long')))
  })

  it('is gone soon after its window without a run', async () => {
    launched.connection.dispose()
    launched.leave()
    await gone(pid)
    assert.ok(!existsSync(join(folder, 'backend.sock')))
  })

  it('has a socket for its user alone', () => {
    assert.equal(statSync(join(folder, 'backend.sock')).mode & 0o777, 0o600)
  })

  it('replaces the socket that a killed one left', async () => {
    process.kill(pid, 'SIGKILL')
    await gone(pid)
    assert.ok(existsSync(join(folder, 'backend.sock')))
    const next = await open()
    assert.notEqual(next.pid, pid)
    ;({ launched, call, pid } = next)
  })

  it('answers nobody without the secret, and a window sends nothing to such a program', async () => {
    const place = join(folder, 'backend.sock')
    const ask = (prove: (socket: Socket) => Promise<unknown>) =>
      new Promise<string>((resolve) => {
        const socket = connect(place)
        let said = ''
        socket.on('error', () => {})
        void prove(socket).then(() => {
          const message = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', params: { token: 1, params: null } })
          socket.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')))
          socket.on('close', () => resolve(said))
          socket.write(`Content-Length: ${message.length}\r\n\r\n${message}`)
        })
      })
    const wrong = { secret: Buffer.alloc(32), place }
    assert.equal(await ask((socket) => proveAsClient(socket, wrong)), '')
    // 32 bytes of a message pass for a nonce: the answer is a nonce and a proof, and then the end.
    assert.equal((await ask(() => Promise.resolve())).length, 64)

    const stranger = join(folder, 'stranger.sock')
    let heard = 0
    const server = createServer((socket) => {
      socket.on('data', (chunk: Buffer) => (heard += chunk.length))
      socket.write(Buffer.alloc(64))
    })
    await new Promise<void>((resolve) => server.listen(stranger, resolve))
    const options = { script, placeOf: () => stranger, isPlaceTaken: () => true, ownSecret: () => ownSecret(folder) }
    const launch = createLaunch({ ...options, log: () => {} })
    await assert.rejects(launch({ path: process.execPath, origin: 'host' }), /is not a backend that you started/)
    await new Promise((resolve) => server.close(resolve))
    assert.equal(heard, 32)
  })

  it('is one for two windows that open at once', async () => {
    const [a, b] = await Promise.all([open(), open()])
    assert.deepEqual([a.pid, b.pid], [pid, pid])
    for (const { launched } of [a, b]) launched.leave()
  })

  it('keeps a run without its window, for the next window, to the same bytes', async () => {
    const recipe = (name: string) => {
      const text = readFileSync(join(folder, 'long.prune.yaml'), 'utf8').replace('30000', '2000')
      writeFileSync(join(folder, `${name}.prune.yaml`), text.replace('./opt-long', `./${name}/out`))
      mkdirSync(join(folder, name))
      return { recipe: join(folder, `${name}.prune.yaml`), set: [], resume: null, memoryBytes: null }
    }
    const undisturbed = await call('run', recipe('undisturbed'))
    assert.equal(undisturbed.status, 'done')

    const lost = assert.rejects(call('run', recipe('left')), { code: 'backend-stopped' })
    await until('a run folder', async () => (await call('activeRuns', null)).some((run) => run.folder !== null))
    // A paused run cannot be over before the next window looks for it.
    const [begun] = await call('activeRuns', null)
    await call('pause', { folder: begun.folder!, paused: true })
    launched.connection.dispose()
    launched.leave()
    await lost
    // Longer than a process without a run would stay.
    await setTimeout(4000)
    const next = await open()
    assert.equal(next.pid, pid)
    ;({ launched, call } = next)
    const [found] = await call('activeRuns', null)
    assert.equal(found.recipe, join(folder, 'left.prune.yaml'))
    const updates: string[] = []
    const outcome = call('follow', { id: found.id }, { onProgress: ({ folder }) => updates.push(folder) })
    assert.equal((await call('activeRuns', null))[0].paused, true)
    await call('pause', { folder: found.folder!, paused: false })
    assert.deepEqual(await outcome, { status: 'done', folder: found.folder, message: null })
    assert.ok(updates.length > 0 && updates.every((folder) => folder === found.folder))
    const weights = (name: string) => readFileSync(join(folder, name, 'out', 'model.safetensors'))
    assert.ok(weights('left').equals(weights('undisturbed')))
    assert.deepEqual(await call('activeRuns', null), [])
    await assert.rejects(call('follow', { id: found.id }), { code: 'not-found' })
  })

  it("cancels a run that is followed as one's own", async () => {
    const params = { recipe: join(folder, 'long.prune.yaml'), set: [], resume: null, memoryBytes: null }
    const own = call('run', params).catch((error: { code: string }) => error.code)
    const other = await open()
    await until('a run folder', async () => (await other.call('activeRuns', null)).some((run) => run.folder !== null))
    const [{ id }] = await other.call('activeRuns', null)
    const abort = new AbortController()
    const followed = other
      .call('follow', { id }, { signal: abort.signal })
      .catch((error: { code: string }) => error.code)
    abort.abort()
    assert.deepEqual([await own, await followed], ['cancelled', 'cancelled'])
    other.launched.leave()
  })

  it('analyses in a separate thread: shows results live, stops, continues, and keeps them for the next opening', async () => {
    const path = join(folder, 'opt')
    const request = {
      path,
      calibration: { data: join(folder, 'ids.safetensors'), samples: 8, seqLen: 16 },
      methods: ['wanda' as const],
      sparsities: [0.5],
      sensitivity: 'block' as const,
    }
    assert.equal((await call('openModel', { path })).analysis, null)
    const before = await call('measurable', { path })
    assert.ok((before.soFar?.seconds ?? 0) > 0)
    assert.equal(before.sensitivity, 'block', 'the losses of blocks are measured too')
    const abort = new AbortController()
    const seen = new Set<string>()
    const stopped = call('analyse', request, {
      signal: abort.signal,
      onProgress: ({ modules }) => {
        for (const { name } of modules) seen.add(name)
        if (seen.size > 0) abort.abort()
      },
    })
    // A model as small may be done before the cancellation is there.
    await stopped.catch(() => undefined)
    const part = (await call('openModel', { path })).analysis?.modules.length ?? 0
    assert.ok(part >= seen.size, `${part} are kept of ${seen.size} seen`)
    const pings: Promise<null>[] = []
    const all = new Map<string, unknown>()
    await call('analyse', request, {
      onProgress: ({ modules }) => {
        for (const module of modules) all.set(module.name, module)
        pings.push(call('ping', null))
      },
    })
    assert.ok(pings.length > 0)
    await Promise.all(pings)
    const { analysis, model } = await call('openModel', { path })
    assert.equal(analysis?.modules.length, model.tensors.filter(({ role }) => role === 'linear').length)
    assert.deepEqual(new Map(analysis?.modules.map((module) => [module.name, module])), all)
    assert.ok((analysis?.loss ?? 0) > 0)
    const { soFar: first, ...way } = await call('measurable', { path })
    assert.deepEqual(way.calibration, request.calibration)
    assert.equal(way.sensitivity, null, 'those that are known of every block are not measured anew')
    assert.equal(first?.measured, 0, 'one sparsity alone is no curve')
    const { sparsities, sensitivity } = way
    await call('analyse', { ...request, sparsities, sensitivity })
    const whole = (await call('measurable', { path })).soFar
    assert.deepEqual([whole?.measured, whole?.seconds], [whole?.blocks, 0])
    const short = { ...request, calibration: { ...request.calibration, data: join(folder, 'nowhere.txt') } }
    await assert.rejects(call('analyse', short), /nowhere\.txt/)
  })
})

async function gone(pid: number): Promise<void> {
  await until(`process ${pid} to end`, () => !isAlive(pid), 60_000)
}

/**
 * A process that nobody has waited for yet is dead all the same; but not while its other threads end, which keep its
 * sockets open.
 */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    const status = `/proc/${pid}/status`
    return !existsSync(status) || !/^State:\s+Z[^]*^Threads:\s+1$/m.test(readFileSync(status, 'utf8'))
  } catch {
    return false
  }
}
