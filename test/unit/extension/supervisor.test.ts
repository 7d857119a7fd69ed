import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node'
import type { Launch } from '../../../src/extension/backend/launch.ts'
import { Supervisor, type BackendState } from '../../../src/extension/backend/supervisor.ts'
import type { Runtime } from '../../../src/extension/backend/runtime.ts'
import { protocolVersion } from '../../../src/protocol/rpc.ts'

interface Fake {
  die: (reason: string) => void
  killed: boolean
  left: boolean
}

/** Backends in this process, over pipes: those on `bad` runtimes die before they say hello. */
function fakes(node = '20.19.0') {
  const launched: Fake[] = []
  const launch: Launch = async (runtime) => {
    const [toChild, toParent] = [new PassThrough(), new PassThrough()]
    const child = createMessageConnection(new StreamMessageReader(toChild), new StreamMessageWriter(toParent))
    const connection = createMessageConnection(new StreamMessageReader(toParent), new StreamMessageWriter(toChild))
    let die: (reason: string) => void = () => {}
    const exited = new Promise<string>((resolve) => (die = resolve))
    const fake: Fake = { die, killed: false, left: false }
    launched.push(fake)
    const slow = runtime.path === 'slow at first' && launched.length === 1
    const hello = { protocol: protocolVersion, version: '0', node, pid: launched.length }
    child.onRequest('hello', () => (slow ? new Promise(() => {}) : hello))
    child.onRequest('device', () => ({ device: 'cpu', description: 'fake', reasons: [] }))
    child.onRequest('ping', () => (runtime.path === 'mute' ? new Promise(() => {}) : null))
    child.onRequest('openModel', () => new Promise(() => {}))
    child.listen()
    if (runtime.path === 'bad') die('exit code 1')
    const found = runtime.path === 'dying at first' && launched.length === 1
    if (found) die('the connection closed')
    const kill = async () => {
      fake.killed = true
      connection.dispose()
      die('ended by SIGTERM')
    }
    return { connection, found, exited, kill, leave: () => void (fake.left = true) }
  }
  return { launch, launched }
}

function supervise(launch: Launch, paths: string[], times: { pingEveryMs?: number; pingMs?: number } = {}) {
  const runtimes: Runtime[] = paths.map((path) => ({ path, origin: 'path' }))
  const supervisor = new Supervisor({
    runtimes: () => runtimes,
    launch,
    hello: () => ({
      protocol: protocolVersion,
      cache: '',
      device: 'auto',
      adapter: '',
      threads: 0,
      deviceMemory: '',
      precision: 'auto',
    }),
    log: () => {},
    // Pauses before a start are what a test would wait for; pings keep their times.
    sleep: (ms) =>
      new Promise((resolve) => setTimeout(resolve, ms === 500 || ms === 2000 || ms === 8000 ? 0 : ms).unref()),
    ...times,
  })
  const states: BackendState['kind'][] = []
  supervisor.onState(({ kind }) => states.push(kind))
  return { supervisor, states }
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 20))

describe('supervisor', () => {
  it('takes the next runtime when one cannot start', async () => {
    const { launch } = fakes()
    const { supervisor } = supervise(launch, ['bad', 'good'])
    await supervisor.call('ping', null)
    const { state } = supervisor
    assert.equal(state.kind === 'ready' && state.runtime.path, 'good')
    supervisor.dispose()
  })

  it('starts another backend when the one it found was about to end', async () => {
    const { launch, launched } = fakes()
    const { supervisor } = supervise(launch, ['dying at first'])
    await supervisor.call('ping', null)
    assert.equal(supervisor.state.kind, 'ready')
    assert.equal(launched.length, 2)
    supervisor.dispose()
  })

  it('refuses a Node that is too old, and says so', async () => {
    const { launch } = fakes('18.20.0')
    const { supervisor } = supervise(launch, ['old'])
    await assert.rejects(supervisor.call('ping', null), /Node 18\.20\.0 is too old/)
    supervisor.dispose()
  })

  it('answers an open call with a sentence when the backend dies, and starts another for the next', async () => {
    const { launch, launched } = fakes()
    const { supervisor } = supervise(launch, ['good'])
    await supervisor.call('ping', null)
    const open = supervisor.call('openModel', { path: 'x' })
    launched[0].die('ended by SIGKILL')
    await assert.rejects(open, /stopped before it answered/)
    assert.equal(supervisor.state.kind, 'failed')
    await supervisor.call('ping', null)
    assert.equal(launched.length, 2)
    supervisor.dispose()
  })

  it('gives up after several crashes in a row, until the person restarts it', async () => {
    const { launch, launched } = fakes()
    const { supervisor } = supervise(launch, ['good'])
    for (let crash = 0; crash < 4; crash++) {
      await supervisor.call('ping', null)
      launched[crash].die('exit code 139')
      await settle()
    }
    await assert.rejects(supervisor.call('ping', null), /4 times in a row/)
    await supervisor.restart()
    assert.equal(supervisor.state.kind, 'ready')
    supervisor.dispose()
  })

  it('ends a backend that does not answer pings', async () => {
    const { launch, launched } = fakes()
    const { supervisor } = supervise(launch, ['mute'], { pingEveryMs: 5, pingMs: 5 })
    await supervisor.call('device', null)
    for (let i = 0; i < 100 && !launched[0].killed; i++) await settle()
    assert.ok(launched[0].killed)
    supervisor.dispose()
  })

  it('restarted while it starts, ends that process too', async () => {
    const { launch, launched } = fakes()
    const { supervisor } = supervise(launch, ['slow at first'])
    const first = supervisor.call('ping', null)
    const refused = assert.rejects(first, { code: 'backend-stopped' })
    while (launched.length === 0) await settle()
    await supervisor.restart()
    await refused
    assert.deepEqual([launched.length, launched[0].killed, launched[1].killed], [2, true, false])
    assert.equal(supervisor.state.kind, 'ready')
    supervisor.dispose()
  })

  it('leaves the process to its runs when it is disposed, and starts no process after that', async () => {
    const { launch, launched } = fakes()
    const { supervisor } = supervise(launch, ['good'])
    await supervisor.call('ping', null)
    supervisor.dispose()
    assert.ok(launched[0].left && !launched[0].killed)
    await assert.rejects(supervisor.call('ping', null), /closing/)
  })
})
