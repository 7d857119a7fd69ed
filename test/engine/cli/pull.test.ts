// `pull` against a server on this machine.
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'
import { cliBeside, cliWith } from '../../support/cli.ts'
import { commit, hubServer, type HubServer } from '../../support/hubServer.ts'

describe('sparsescope pull', () => {
  let hub: HubServer
  let temp: Scratch
  beforeEach(async () => {
    temp = scratch()
    hub = await hubServer()
    for (const [name, lfs] of [
      ['config.json', false],
      ['model.safetensors', true],
    ] as const)
      hub.files.set(name, { bytes: readFileSync(join(goldenPath('opt'), name)), lfs })
  })
  afterEach(async () => {
    await hub.close()
  })
  const env = () => ({ HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: temp.path('hub'), HF_TOKEN: '' })
  const snapshot = () => temp.path('hub', 'models--org--tiny', 'snapshots', commit)

  it('fetches what opens by its name', async () => {
    const { status, stdout, stderr } = await cliWith(env(), 'pull', 'org/tiny@v1', '--json')
    assert.equal(status, 0, stderr)
    const said = JSON.parse(stdout) as Record<string, unknown>
    assert.equal(said.folder, snapshot())
    assert.deepEqual([said.model, said.revision, said.commit], ['org/tiny', 'v1', commit])
    assert.equal(said.bytes, said.fetched_bytes)
    assert.match(stderr, /pulling org\/tiny@v1 from .*\n.*pull \d+\/\d+ MB/)
    const inspected = await cliWith(env(), 'inspect', 'hf:org/tiny@v1')
    assert.equal(inspected.status, 0, inspected.stderr)
    const again = await cliWith(env(), 'pull', 'org/tiny@v1')
    assert.match(again.stdout, /2 files, .* 0 B downloaded now.\n.*hf:org\/tiny@v1/)
  })

  it('ends with 130 by Ctrl-C, and the next one continues', async () => {
    const child: ChildProcess[] = []
    hub.interpose = ({ host }, response) => {
      if (host !== 'cdn') return false
      const { bytes } = hub.files.get('model.safetensors') ?? { bytes: Buffer.alloc(0) }
      response.writeHead(200, { 'content-length': bytes.length })
      response.write(bytes.subarray(0, 10_000))
      child[0].kill('SIGINT')
      return true
    }
    const stopped = await cliBeside(env(), ['pull', 'org/tiny'], (started) => child.push(started))
    assert.equal(stopped.status, 130)
    assert.match(stopped.stderr, /cancelled; what has arrived is kept/)
    hub.interpose = null
    assert.equal((await cliWith(env(), 'pull', 'org/tiny')).status, 0)
    assert.equal((await cliWith(env(), 'inspect', 'hf:org/tiny')).status, 0)
  })

  it('says what goes wrong in one line, with an exit code', async () => {
    const ends = async (expected: number, line: RegExp, ...args: string[]) => {
      const { status, stdout, stderr } = await cliWith(env(), 'pull', ...args)
      assert.equal(status, expected, stderr)
      assert.match(stderr, line)
      assert.equal(stdout.includes('downloaded now'), false)
    }
    await ends(2, /is not the name of a model on the Hub/, '../x')
    await ends(2, /there is no org\/none/, 'org/none')
    await ends(2, /no revision v9/, 'org/tiny@v9')
    const others = Buffer.alloc(hub.files.get('model.safetensors')?.bytes.length ?? 0)
    hub.interpose = ({ host }, response) => host === 'cdn' && !!response.writeHead(200).end(others)
    await ends(1, /model.safetensors: its hash is/, 'org/tiny')
  })
})
