// `push` against a server on this machine that keeps the Hub's rules.
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, rmSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hubAccess } from '../../../src/engine/hub/hubAccess.ts'
import { planPush, push } from '../../../src/engine/hub/push.ts'
import { run } from '../../../src/cli/program.ts'
import { publicationOf } from '../../../src/engine/run/origin/publication.ts'
import { cli, cliBeside, cliWith } from '../../support/cli.ts'
import { readToken, sha256, writableHub, writeToken, type WritableHub } from '../../support/hubWrites.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { writeTinyModel } from '../../support/tinyModel.ts'

describe('pushing a result to the Hub', () => {
  const results = scratch()
  const made = results.path('result')
  let hub: WritableHub
  let temp: Scratch
  let folder = ''
  before(async () => {
    await writeTinyModel(results.path('dense'))
    const prune = ['prune', results.path('dense'), '--method', 'magnitude', '--sparsity', '0.5', '--device', 'cpu']
    const { status, stderr } = await cli(...prune, '--out', made)
    assert.equal(status, 0, stderr)
  })
  beforeEach(async () => {
    temp = scratch()
    hub = await writableHub()
    folder = temp.path('result')
    cpSync(made, folder, { recursive: true })
  })
  afterEach(async () => {
    await hub.close()
  })
  const env = (token = writeToken) => ({ HF_ENDPOINT: hub.endpoint, HF_TOKEN: token, HF_HOME: temp.path('home') })
  const said = async (...args: string[]) => {
    const { status, stdout, stderr } = await cliWith(env(), 'push', folder, ...args, '--yes', '--json')
    assert.equal(status, 0, stderr)
    assert.equal(`${stdout}${stderr}`.includes(writeToken), false)
    return { json: JSON.parse(stdout) as Record<string, unknown>, stderr }
  }
  const ends = async (expected: number, line: RegExp, args: string[], token?: string) => {
    const { status, stderr } = await cliWith(env(token), 'push', ...args)
    assert.equal(status, expected, stderr)
    assert.match(stderr, line)
  }
  const make = (name = 'me/tiny', isPrivate = false) => {
    const main = { commit: 'f'.repeat(40), files: new Map() }
    hub.repositories.set(name, { private: isPrivate, branches: new Map([['main', main]]) })
    return main
  }
  const files = (branch = 'main', name = 'me/tiny') => hub.repositories.get(name)?.branches.get(branch)?.files
  const changes = () => hub.arrived.filter(({ method }) => method !== 'GET')
  const puts = () => hub.arrived.filter(({ method }) => method === 'PUT')
  /** The same below the command line, without waits. */
  const send = async (onBytes?: (bytes: number) => void) => {
    const access = await hubAccess(env(), temp.path('home'))
    const sending = { access, wait: () => Promise.resolve() }
    const files = await publicationOf(folder)
    const name = { repository: 'me/tiny', revision: 'main' }
    const plan = await planPush({ name, create: true, isPrivate: false }, files, sending)
    return push(plan, sending, onBytes)
  }

  it('makes the repository, sends the folder, its recipe and a card, and ends with the address', async () => {
    const { stderr, json } = await said('me/tiny', '--create')
    assert.equal(json.address, `${hub.endpoint}/me/tiny`)
    assert.deepEqual([json.created, json.private], [true, false])
    const there = files()
    for (const name of readdirSync(folder)) assert.deepEqual(there?.get(name)?.bytes, readFileSync(join(folder, name)))
    assert.match(String(there?.get('README.md')?.bytes), /^---\n[^]*tags: .*pruned[^]*## Recipe/)
    assert.match(String(there?.get('recipe.prune.yaml')?.bytes), /method: magnitude/)
    assert.equal(there?.get('model.safetensors')?.lfs, true)
    assert.match(stderr, /a new repository me\/tiny \(.*\), PUBLIC: everybody can read it/)
    assert.match(stderr, /model.safetensors, .*kB\n/)
    assert.deepEqual(readdirSync(folder).sort(), readdirSync(made).sort())
    for (const { host, authorization } of hub.arrived)
      assert.equal(authorization, host === 'hub' ? `Bearer ${writeToken}` : undefined)
  })

  it('warns where the recipe names paths of this machine', async () => {
    const { stderr } = await said('me/tiny', '--create')
    assert.doesNotMatch(stderr, /warning/)
    const note = join(folder, 'sparsescope.json')
    writeFileSync(note, readFileSync(note, 'utf8').replace('"../dense"', '"/home/me/dense"'))
    rmSync(join(folder, 'recipe.prune.yaml'), { force: true })
    assert.match((await said('me/tiny')).stderr, /warning: .* name paths of this machine: \/home\/me\/dense\n/)
  })

  it('sends only changed files a second time', async () => {
    await said('me/tiny', '--create')
    hub.arrived.length = 0
    const again = await said('me/tiny')
    assert.deepEqual([again.json.sent_bytes, changes()], [0, []])
    writeFileSync(join(folder, 'README.md'), '# My own\n')
    const { json, stderr } = await said('me/tiny')
    assert.match(stderr, /README.md, 9 B, replaces the one that is there/)
    const names = (json.files as { path: string; sent: boolean }[]).filter((file) => file.sent).map(({ path }) => path)
    assert.deepEqual(names, ['README.md'])
    assert.equal(String(files()?.get('README.md')?.bytes), '# My own\n')
    assert.equal(puts().length, 0)
  })

  it('changes nothing on the Hub before the person agrees', async () => {
    await ends(2, /PUBLIC|cannot ask here.*--yes/, [folder, 'me/tiny', '--create'])
    assert.deepEqual(changes(), [])
    assert.equal(hub.repositories.size, 0)
    const asked: string[] = []
    const answered = async (yes: boolean) => {
      const confirm = (question: string) => (asked.push(question), Promise.resolve(yes))
      const stream = { write: (_: string, written?: () => void) => written?.() }
      const { signal } = new AbortController()
      const io = {
        stdout: stream,
        stderr: stream,
        signal,
        leaveAfter: () => undefined,
        sayOnLeaving: () => undefined,
        program: [],
        confirm,
        startRun: () => assert.fail('it starts no run'),
      }
      const before = { ...process.env }
      Object.assign(process.env, env())
      try {
        return await run(['push', folder, 'me/tiny', '--create'], io)
      } finally {
        process.env = before
      }
    }
    assert.equal(await answered(false), 130)
    assert.deepEqual([hub.repositories.size, asked], [0, ['Send them, for everybody to read? [y/N] ']])
    assert.equal(await answered(true), 0)
    assert.ok(files()?.has('model.safetensors'))
  })

  it('makes a private repository, and makes no repository public', async () => {
    await said('me/tiny', '--create', '--private')
    assert.equal(hub.repositories.get('me/tiny')?.private, true)
    make('me/open')
    await ends(2, /me\/open is public, which is not what you agreed to/, [folder, 'me/open', '--private', '--yes'])
    hub.interpose = ({ url }, response) => {
      if (url !== '/api/repos/create') return false
      make('me/lie')
      return !!response.writeHead(200).end('{"url": "", "id": "me/lie"}')
    }
    await ends(2, /me\/lie is public, which is not what you agreed to/, [
      folder,
      'me/lie',
      '--create',
      '--private',
      '--yes',
    ])
    assert.equal(files('main', 'me/lie')?.size, 0)
  })

  it('goes to a branch, which is made when it is asked for', async () => {
    make()
    await ends(2, /no branch sparse; --create makes it/, [folder, 'me/tiny', '--revision', 'sparse', '--yes'])
    const { json } = await said('me/tiny', '--revision', 'sparse', '--create')
    assert.equal(json.address, `${hub.endpoint}/me/tiny/tree/sparse`)
    assert.equal(files()?.size, 0)
    assert.ok(files('sparse')?.has('model.safetensors'))
  })

  it('sends only what a run has finished', async () => {
    await ends(2, /is not the result of a finished run/, [results.path('dense'), 'me/tiny', '--yes'])
    const partial = temp.path('.result.partial-0123456789abcdef')
    cpSync(folder, partial, { recursive: true })
    await ends(2, /is not the result of a finished run/, [partial, 'me/tiny', '--yes'])
    const run = temp.path('run')
    mkdirSync(run)
    writeFileSync(join(run, 'recipe.prune.yaml'), 'version: 1\n')
    writeFileSync(join(run, 'events.jsonl'), '{"t": 0, "type": "start"}\n')
    await ends(2, /is a run that has not finished/, [run, 'me/tiny', '--yes'])
    writeFileSync(join(run, 'report.json'), JSON.stringify({ output: folder }))
    writeFileSync(join(run, 'events.jsonl'), '{"t": 0, "type": "start"}\n{"t": 9, "type": "end", "status": "done"}\n')
    const { status, stderr } = await cliWith(env(), 'push', run, 'me/tiny', '--create', '--yes')
    assert.equal(status, 0, stderr)
    renameSync(join(folder, 'model.safetensors'), temp.path('elsewhere'))
    symlinkSync(temp.path('elsewhere'), join(folder, 'model.safetensors'))
    await ends(2, /model.safetensors is a link/, [folder, 'me/tiny', '--yes'])
  })

  it('refuses in a sentence that says how to fix it', async () => {
    await ends(2, /needs a token that may write/, [folder, 'me/tiny', '--create', '--yes'], '')
    await ends(2, /refuses the token for me\/tiny; .*HF_TOKEN/, [folder, 'me/tiny', '--create', '--yes'], 'hf_wrong')
    await ends(2, /there is no me\/tiny on .*--create makes it/, [folder, 'me/tiny', '--yes'])
    await ends(2, /refuses the token for other\/tiny/, [folder, 'other/tiny', '--create', '--yes'])
    await ends(2, /names no owner/, [folder, 'tiny', '--yes'])
    make()
    await ends(2, /refuses the token for me\/tiny/, [folder, 'me/tiny', '--yes'], readToken)
    hub.interpose = ({ url }, response) =>
      url.includes('/preupload/') && !!response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end()
    await ends(2, /refuses me\/tiny with status 307; check its name/, [folder, 'me/tiny', '--yes'])
  })

  it('does not overwrite somebody who was quicker', async () => {
    const main = make()
    hub.interpose = ({ url }) => {
      if (url.includes('/commit/')) main.commit = 'e'.repeat(40)
      return false
    }
    await assert.rejects(send(), { code: 'exists', message: /was changed meanwhile; push again to see/ })
    assert.equal(main.files.size, 0)
  })

  it('asks a server again that fails for a while or breaks connections', async () => {
    const failures = new Map<string, number>()
    hub.interpose = ({ method, url }, response) => {
      const times = failures.get(url) ?? 0
      if (method === 'GET' || times >= 2 || /\/(commit\/|create$)/.test(url)) return false
      failures.set(url, times + 1)
      if (times === 0) response.destroy()
      else response.writeHead(503).end()
      return true
    }
    const { sent } = await send()
    assert.ok(failures.size >= 4)
    for (const name of sent.filter((path) => readdirSync(folder).includes(path)))
      assert.deepEqual(files()?.get(name)?.bytes, readFileSync(join(folder, name)))
    assert.ok(sent.includes('model.safetensors'))
    hub.interpose = ({ host }, response) => host === 'hub' && !!response.writeHead(503).end()
    await assert.rejects(send(), { code: 'network', message: /answers with status 503/ })
  })

  it('finds a commit whose answer got lost at the next push', async () => {
    let commits = 0
    hub.interpose = ({ url }, response) => {
      if (url.includes('/commit/') && ++commits === 1) response.writeHead = () => response.destroy() as never
      return false
    }
    await assert.rejects(send(), { code: 'network' })
    assert.deepEqual([commits, (await send()).sent], [1, []])
  })

  it('sends a large file in parts, and a lost part again', async () => {
    hub.partBytes = 4096
    let lost = 0
    hub.interpose = ({ host, url }, response) =>
      host === 'storage' && url.endsWith('/2') && ++lost < 3 && !!response.destroy()
    let counted = 0
    await send((bytes) => (counted += bytes))
    const weights = readFileSync(join(folder, 'model.safetensors'))
    assert.deepEqual(files()?.get('model.safetensors')?.bytes, weights)
    assert.equal(counted, weights.length + readFileSync(join(folder, 'sparsescope.mask')).length)
    assert.ok(lost >= 3)
  })

  it('checks by its hash afterwards what the Hub holds', async () => {
    hub.interpose = ({ url }) => {
      const there = files()
      const weights = there?.get('model.safetensors')
      if (url.includes('/tree/') && weights) there?.set('model.safetensors', { bytes: Buffer.from('other'), lfs: true })
      return false
    }
    await assert.rejects(send(), { code: 'network', message: /model.safetensors: its hash on the Hub is not / })
  })

  it('continues after it was killed, without sending again what had arrived', async function () {
    this.timeout(60_000)
    const child: ChildProcess[] = []
    const weights = sha256(readFileSync(join(folder, 'model.safetensors')))
    hub.interpose = ({ url }) => {
      if (url !== `/${weights}`) return false
      // The weights are on their way, and the mask has come.
      const waiting = setInterval(() => {
        if (hub.stored.size === 0) return
        clearInterval(waiting)
        child[0].kill('SIGKILL')
      }, 10)
      return true
    }
    const push = ['push', folder, 'me/tiny', '--create', '--yes']
    const { status: killed } = await cliBeside(env(), push, (started) => child.push(started))
    assert.deepEqual([killed, hub.stored.size, files()?.has('model.safetensors')], [null, 1, false])
    hub.interpose = null
    const before = new Set(hub.stored.keys())
    hub.arrived.length = 0
    const { status, stderr } = await cliWith(env(), ...push)
    assert.equal(status, 0, stderr)
    const sentAgain = puts().filter(({ url }) => before.has(url.slice(1)))
    assert.deepEqual(sentAgain, [])
    for (const name of ['model.safetensors', 'sparsescope.mask'])
      assert.equal(sha256(files()?.get(name)?.bytes ?? Buffer.alloc(0)), sha256(readFileSync(join(folder, name))))
  })
})
