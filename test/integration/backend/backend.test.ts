import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createCaller, type Caller } from '../../../src/extension/backend/calls.ts'
import { createLaunch, type Launched } from '../../../src/extension/backend/launch.ts'
import type { ScanProgress } from '../../../src/shared/protocol/inspect.ts'
import { protocolVersion } from '../../../src/shared/protocol/rpc.ts'
import { makeWorkspace } from '../../../scripts/vscode/workspace.mjs'

const root = new URL('../../../', import.meta.url).pathname
const script = join(root, 'dist/backend.mjs')

describe('backend process', function () {
  this.timeout(60_000)
  let folder = ''
  let launched: Launched
  let call: Caller
  before(function () {
    if (existsSync(script)) return
    console.log('no dist/backend.mjs: run npm run build')
    this.skip()
  })
  beforeEach(async () => {
    folder = makeWorkspace(root, mkdtempSync(join(tmpdir(), 'backend-')))
    launched = createLaunch(script, () => {})({ path: process.execPath, origin: 'host' })
    call = createCaller(launched.connection)
    launched.connection.listen()
    const choice = { device: 'cpu', adapter: '', threads: 1 } as const
    const hello = { protocol: protocolVersion, cache: join(folder, 'cache'), ...choice }
    assert.equal((await call('hello', hello)).protocol, protocolVersion)
  })
  afterEach(async () => {
    launched.connection.dispose()
    launched.kill()
    await launched.exited
    rmSync(folder, { recursive: true, force: true })
  })
  const model = () => join(folder, 'opt')

  it('summarises a header, and says in a sentence why a file is none', async () => {
    const summary = await call('openModel', { path: model() })
    assert.equal(summary.modelType, 'opt')
    assert.equal(summary.tensors.filter((t) => t.role === 'linear').length, 12)
    const broken = join(folder, 'broken.safetensors')
    writeFileSync(broken, 'version https://git-lfs.github.com/spec/v1\n')
    await assert.rejects(call('openModel', { path: broken }), { code: 'bad-checkpoint' })
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
    const summary = await call('openModel', { path: model() })
    assert.deepEqual(result, { scanned: summary.tensors.length, skipped: 0, partial: false })
    const names = seen.flatMap((p) => p.stats.map((s) => s.name))
    assert.equal(new Set(names).size, summary.tensors.length)
    assert.match(names[0], /layers\.0\..*\.weight$/)
    const stamp = readFileSync(join(folder, 'opt/model.safetensors'))
    writeFileSync(join(folder, 'opt/model.safetensors'), stamp)
    const again = await call('scan', { path: model() })
    assert.equal(again.scanned, summary.tensors.length)
  })

  it('a tile of single weights holds the weights', async () => {
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

  it('answers while a run goes on, and cancels it within seconds', async () => {
    const abort = new AbortController()
    let running: () => void = () => {}
    const begun = new Promise<void>((resolve) => (running = resolve))
    const params = { recipe: join(folder, 'long.prune.yaml'), set: [], resume: null, memoryBytes: null }
    const run = call('run', params, { signal: abort.signal, onProgress: () => running() })
    const outcome = run.catch((error: { code: string }) => error.code)
    await begun
    assert.equal(await call('ping', null), null)
    assert.equal((await call('openModel', { path: model() })).modelType, 'opt')
    abort.abort()
    assert.equal(await outcome, 'cancelled')
    assert.ok(!existsSync(join(folder, 'opt-long')))
  })

  it('is gone soon after its parent was killed', async () => {
    const code = `const child = require('node:child_process').fork(${JSON.stringify(script)}, [], { stdio: 'ignore' })
      console.log(child.pid); setInterval(() => {}, 1000)`
    const parent = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(line.toString())
    assert.ok(isAlive(pid))
    parent.kill('SIGKILL')
    for (let i = 0; i < 100 && isAlive(pid); i++) await setTimeout(100)
    assert.ok(!isAlive(pid))
  })
})

/** A process that nobody has waited for yet is dead all the same. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    const status = `/proc/${pid}/status`
    return !existsSync(status) || !/^State:\s+Z/m.test(readFileSync(status, 'utf8'))
  } catch {
    return false
  }
}
