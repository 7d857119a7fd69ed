import assert from 'node:assert/strict'
import { fork, spawnSync, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { encodeLock, type LockHolder, lockName, lockRun, newHolder } from '../../../../src/runs/lock/lock.ts'
import { childArguments } from '../../../support/children.ts'
import { brisk, type FromLockChild, type ToLockChild } from '../../../support/lockChild.ts'
import { scratch } from '../../../support/scratch.ts'

/** Another number with SPARSESCOPE_LOCK_TRIALS. */
const trials = Number(process.env.SPARSESCOPE_LOCK_TRIALS ?? (process.env.SPARSESCOPE_TORTURE === '1' ? 300 : 12))

/** The real clock takes a minute; here it runs two and a half times as fast, in `npm run torture` as it is. */
const timing = process.env.SPARSESCOPE_TORTURE === '1' ? undefined : brisk

class Child {
  readonly #process: ChildProcess
  readonly #said: FromLockChild[] = []
  readonly #listeners = new Set<() => void>()

  constructor() {
    const command = childArguments('lockChild')
    this.#process = fork(command.at(-1) ?? '', { execArgv: command.slice(0, -1) })
    this.#process.on('message', (message: FromLockChild) => {
      this.#said.push(message)
      for (const wake of [...this.#listeners]) wake()
    })
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  tell(message: ToLockChild): void {
    this.#process.send(message)
  }

  /** The next thing it says about the folder, of one of these types if some are named. */
  async hear(folder: string, ...types: string[]): Promise<FromLockChild> {
    for (;;) {
      const i = this.#said.findIndex((m) => m.folder === folder && (types.length === 0 || types.includes(m.type)))
      if (i >= 0) return this.#said.splice(i, 1)[0]
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#listeners.delete(wake)
          resolve()
        }
        this.#listeners.add(wake)
      })
    }
  }

  async take(folder: string, how: { elsewhere?: boolean; quick?: boolean } = {}): Promise<FromLockChild> {
    this.tell({ type: 'take', folder, ...how })
    return this.hear(folder, 'taken', 'exists', 'usage', 'disk', 'broken', 'internal')
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const gone = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await gone
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }
}

/** A process id of nobody. */
const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid

describe('the lock of a run folder', function () {
  this.timeout(600_000)
  let root = ''
  const children: Child[] = []
  const folder = (name: string) => {
    const path = join(root, name)
    mkdirSync(path)
    return path
  }
  const child = async () => {
    const made = new Child()
    children.push(made)
    await made.hear('', 'ready')
    return made
  }
  before(() => (root = scratch().folder))
  afterEach(async () => {
    await Promise.all(children.splice(0).map((each) => each.kill()))
  })

  it(`is taken over from a dead process by one of six, in each of ${trials} trials`, async () => {
    const six = await Promise.all(Array.from({ length: 6 }, child))
    const batch = 25
    for (let first = 0; first < trials; first += batch) {
      const folders = Array.from({ length: Math.min(batch, trials - first) }, (_, i) => folder(`trial-${first + i}`))
      const pid = deadPid()
      for (const each of folders) writeFileSync(join(each, lockName), encodeLock({ ...newHolder(), pid }, 7))
      await Promise.all(
        folders.map(async (each) => {
          const answers = await Promise.all(six.map((one) => one.take(each)))
          const types = answers.map(({ type }) => type).sort()
          assert.deepEqual(types, ['exists', 'exists', 'exists', 'exists', 'exists', 'taken'], JSON.stringify(answers))
          const holder = six[answers.findIndex(({ type }) => type === 'taken')]
          holder.tell({ type: 'ask', folder: each })
          assert.equal((await holder.hear(each, 'held')).held, true)
          holder.tell({ type: 'release', folder: each })
          await holder.hear(each, 'released')
          assert.deepEqual(readdirSync(each), [])
        }),
      )
    }
  })

  it('goes from one holder to the next, and never to two', async () => {
    const six = await Promise.all(Array.from({ length: 6 }, child))
    const place = folder('in turn')
    writeFileSync(join(place, lockName), encodeLock({ ...newHolder(), pid: deadPid() }, 0))
    const inside: number[] = []
    await Promise.all(
      six.map(async (one, index) => {
        for (let turn = 0; turn < (timing ? 1 : 3);) {
          const { type, message } = await one.take(place)
          if (type === 'exists') continue
          assert.equal(type, 'taken', message)
          inside.push(index)
          assert.deepEqual(inside, [index])
          turn++
          await new Promise((resolve) => setTimeout(resolve, 5))
          inside.pop()
          one.tell({ type: 'release', folder: place })
          await one.hear(place, 'released')
        }
      }),
    )
    assert.deepEqual(readdirSync(place), [])
  })

  it('is refused at once while its holder lives, in its own process too', async () => {
    const place = folder('same process')
    const lock = await lockRun(place, { timing })
    const waits: string[] = []
    await assert.rejects(lockRun(place, { timing, onWait: (message) => waits.push(message) }), {
      code: 'exists',
      message: new RegExp(`in use by process ${process.pid}`),
    })
    assert.deepEqual(waits, [])
    assert.ok(lock.isHeld())
    await lock.release()
    assert.deepEqual(readdirSync(place), [])
  })

  it('is not taken from a live holder in another PID namespace', async () => {
    const place = folder('another namespace')
    const pid = deadPid()
    const stranger = { ...newHolder(), pid, pidSpace: 'pid:[elsewhere]' }
    const lock = await lockRun(place, { describe: () => stranger, timing })
    const one = await child()
    assert.equal((await one.take(place)).type, 'exists')
    const two = await child()
    assert.equal((await two.take(place, { elsewhere: true })).type, 'exists')
    assert.ok(lock.isHeld())
    await lock.release()
  })

  it('stays with a holder whose thread is blocked', async () => {
    const place = folder('blocked')
    const [one, two] = [await child(), await child()]
    assert.equal((await one.take(place, { elsewhere: true })).type, 'taken')
    one.tell({ type: 'block', ms: timing ? 5000 : 13_000 })
    await one.hear('', 'blocks')
    for (let i = 0; i < 3; i++) assert.equal((await two.take(place)).type, 'exists')
    one.tell({ type: 'ask', folder: place })
    assert.equal((await one.hear(place, 'held')).held, true)
  })

  for (const elsewhere of [false, true])
    it(`after kill -9 ${elsewhere ? 'in another container' : 'of a process of this machine'} the next one is in within 15 seconds and said so`, async () => {
      const place = folder(`killed ${elsewhere}`)
      const one = await child()
      assert.equal((await one.take(place, { elsewhere })).type, 'taken')
      await one.kill()
      const two = await child()
      assert.equal((await two.take(place)).type, 'taken')
      const { message = '' } = await two.hear(place, 'waits')
      const seconds = Number(/shows no activity: taking over in (\d+) s/.exec(message)?.[1])
      assert.ok(seconds > 0 && seconds <= 15, message)
      two.tell({ type: 'release', folder: place })
      await two.hear(place, 'released')
      assert.deepEqual(readdirSync(place), [])
    })

  it("reports to a holder that was suspended that it lost, and keeps the next one's file", async () => {
    const place = folder('stopped')
    const [one, two] = [await child(), await child()]
    assert.equal((await one.take(place, { quick: true })).type, 'taken')
    one.signal('SIGSTOP')
    // Its other thread may still write once: a sign of life for whoever has begun to look.
    await delay(200)
    assert.equal((await two.take(place, { quick: true })).type, 'taken')
    one.tell({ type: 'ask', folder: place })
    one.signal('SIGCONT')
    assert.equal((await one.hear(place, 'held')).held, false)
    await one.hear(place, 'lost')
    one.tell({ type: 'release', folder: place })
    await one.hear(place, 'released')
    two.tell({ type: 'ask', folder: place })
    assert.equal((await two.hear(place, 'held')).held, true)
    assert.equal((await one.take(place)).type, 'exists')
    two.tell({ type: 'release', folder: place })
    await two.hear(place, 'released')
    assert.deepEqual(readdirSync(place), [])
  })

  it('is lost when its folder is removed', async () => {
    const place = folder('removed')
    const lock = await lockRun(place, { timing })
    const lost = new Promise((resolve) => lock.lost.addEventListener('abort', resolve))
    rmSync(place, { recursive: true })
    await lost
    assert.equal(lock.isHeld(), false)
    await lock.release()
    assert.equal(existsSync(place), false)
  })

  it('is taken over where it is unreadable, and drafts of killed processes are removed', async () => {
    const place = folder('nonsense')
    const junk = ['new-', ''].map((kind) => `lock.${kind}${randomBytes(16).toString('hex')}`)
    for (const name of junk) writeFileSync(join(place, name), 'x')
    writeFileSync(join(place, 'lock.mine'), 'not ours')
    writeFileSync(join(place, lockName), '4711')
    const lock = await lockRun(place, { timing: { beatMs: 100, pollMs: 20, looks: 10, looksAtGone: 5 } })
    await lock.release()
    assert.deepEqual(readdirSync(place), ['lock.mine'])
  })

  const others: Record<string, (path: string) => void> = {
    'a folder': (path) => mkdirSync(path),
    'a symbolic link': (path) => symlinkSync('/etc/hostname', path),
    'a symbolic link to nothing': (path) => symlinkSync(join(root, 'made through it'), path),
    'a lock that names itself': (path) => {
      const holder: LockHolder = { ...newHolder(), token: 'a'.repeat(32) }
      for (const name of [path, `${path}.${holder.token}`]) writeFileSync(name, encodeLock(holder, 0))
    },
    ...(process.platform !== 'win32' && { 'a named pipe': (path: string) => spawnSync('mkfifo', [path]) }),
  }
  for (const [what, make] of Object.entries(others))
    it(`${what} in the lock's place is a mistake that a person has to fix, and stays`, async () => {
      const place = folder(what)
      const path = join(place, lockName)
      make(path)
      await assert.rejects(lockRun(place, { timing }), {
        code: 'usage',
        message: /where the lock of a run would be; remove it/,
      })
      assert.ok(lstatSync(path))
      assert.equal(existsSync(join(root, 'made through it')), false)
    })

  it('is waited for until Ctrl-C', async () => {
    const place = folder('impatient')
    writeFileSync(join(place, lockName), 'someone')
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 50)
    await assert.rejects(lockRun(place, { signal: abort.signal }), { code: 'cancelled' })
    assert.equal(readFileSync(join(place, lockName), 'utf8'), 'someone')
  })
})
