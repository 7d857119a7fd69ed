// What a run will write is set aside on the disk before the first block: nobody else can take it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setAside } from '../../../src/engine/checkpoint/setAside.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import { filesBelow, onlyRun } from '../../support/killedRuns.ts'
import { smallOpt } from '../../support/memoryCheckpoint.ts'
import { createWorkplace, run, type Workplace } from '../../support/runs.ts'
import { cannot } from '../../support/skip.ts'
import { writeTinyIds, writeTinyModel } from '../../support/tinyModel.ts'

const data = 'ids.safetensors'
const mebibyte = 2 ** 20

describe('room that is set aside', () => {
  let backend: Backend
  let place: Workplace
  let mounted = ''
  before(async () => (backend = await openCpu({ threads: 1 })))
  after(() => backend.close())
  beforeEach(() => (place = createWorkplace()))
  afterEach(() => {
    if (mounted) spawnSync('umount', [mounted])
    mounted = ''
    place.remove()
  })

  /** A disk of its own, in memory: its bytes are counted as any disk's. */
  function disk(context: Mocha.Context, kind: string, size: number): string {
    if (process.platform !== 'linux') return cannot(context, 'only Linux sets bytes aside')
    const at = place.path('disk')
    mkdirSync(at)
    if (spawnSync('mount', ['-t', kind, '-o', `size=${size}`, kind, at]).status !== 0)
      return cannot(context, 'only root can mount a small file system')
    return (mounted = at)
  }

  /** Takes what anybody can take, but for `left` bytes. */
  function fill(folder: string, left = 0): void {
    const spare = join(folder, 'spare')
    if (left > 0) writeFileSync(spare, Buffer.alloc(left))
    const file = openSync(join(folder, 'filler'), 'w')
    try {
      for (;;) writeSync(file, Buffer.alloc(4096))
    } catch {
      closeSync(file)
    }
    if (left > 0) spawnSync('rm', [spare])
  }

  /** A model whose weights take a few hundred kilobytes. */
  async function recipe(folder: string, more: object = {}): Promise<string> {
    const model = place.path('model')
    if (!existsSync(model)) {
      await writeTinyModel(model, { ...smallOpt, vocab_size: 8000 })
      writeTinyIds(place.path(data))
    }
    const path = join(folder, `${readdirSync(folder).length}.prune.yaml`)
    const whole = {
      version: 1,
      model,
      prune: [{ method: 'magnitude', sparsity: 0.5 }],
      save: { to: place.path('disk', 'out') },
      ...more,
    }
    writeFileSync(path, JSON.stringify(whole))
    return path
  }

  const atFirstBlock = (act: () => void) => {
    let acted = false
    return (event: RunEvent) => {
      if (event.type !== 'block' || acted) return
      acted = true
      act()
    }
  }

  it('holds the bytes of the result from the first block on, and gives them to it when the disk is full', async function () {
    const small = disk(this, 'tmpfs', 4 * mebibyte)
    let held = 0
    const onEvent = atFirstBlock(() => {
      const [partial] = readdirSync(small)
      held = statSync(join(small, partial, 'reserved')).blocks * 512
      fill(small)
    })
    await run(backend, { recipe: await recipe(place.folder), onEvent })
    assert.ok(held > statSync(place.path('model', 'model.safetensors')).size)
    await run(backend, { recipe: await recipe(place.folder, { save: { to: place.path('calm') } }) })
    const files = (folder: string) => filesBelow(folder, (name) => name !== 'sparsescope.json')
    assert.deepEqual(files(join(small, 'out')), files(place.path('calm')))
    assert.deepEqual(readdirSync(small).sort(), ['filler', 'out'])
  })

  it('holds those of the state too, where training comes between and everything lies on one disk', async function () {
    const small = disk(this, 'tmpfs', 8 * mebibyte)
    const recover = { mode: 'retrain', train: ['full'], steps: 3, seq_len: 16, data: place.path(data) }
    // Events and report are not set aside: they are small, and how many there are nobody knows.
    const onEvent = atFirstBlock(() => fill(small, mebibyte / 4))
    await run(backend, { recipe: await recipe(small, { recover }), onEvent })
    assert.ok(existsSync(join(small, 'out', 'model.safetensors')))
    assert.ok(!existsSync(join(onlyRun(small) ?? '', 'state')))
  })

  it('refuses the second of two runs that the disk cannot hold both, before its first block', async function () {
    disk(this, 'tmpfs', mebibyte)
    const [first, second] = [
      await recipe(place.folder),
      await recipe(place.folder, { save: { to: place.path('disk', 'b') } }),
    ]
    let refused: Promise<void> | null = null
    const pausePoint = () =>
      (refused ??= assert.rejects(run(backend, { recipe: second }), { code: 'disk', message: /are needed.* are free/ }))
    await run(backend, { recipe: first, pausePoint })
    assert.ok(refused)
    assert.deepEqual(readdirSync(place.path('disk')), ['out'])
  })

  it('is gone from result and state when a run is cancelled or fails', async () => {
    const abort = new AbortController()
    const onEvent = atFirstBlock(() => abort.abort())
    const save = { to: place.path('out') }
    const cancelled = run(backend, { recipe: await recipe(place.folder, { save }), signal: abort.signal, onEvent })
    await assert.rejects(cancelled, { code: 'cancelled' })
    const names = () => Object.keys(filesBelow(place.folder, () => false))
    assert.deepEqual(
      names().filter((name) => name.includes('reserved') || name.includes('partial')),
      [],
    )
  })

  it('that the disk does not have is a sentence, and nothing is left of it', async function () {
    const small = disk(this, 'tmpfs', mebibyte)
    const path = join(small, 'reserved')
    await assert.rejects(setAside({ path, bytes: 2 * mebibyte, what: 'the result' }), {
      code: 'disk',
      message: /^2\.1 MB cannot be set aside for the result: cannot write .*reserved: the disk is full; free some/,
    })
    assert.deepEqual(readdirSync(small), [])
  })

  it('is done without on a file system that sets nothing aside', async function () {
    const plain = disk(this, 'ramfs', mebibyte)
    assert.equal(await setAside({ path: join(plain, 'reserved'), bytes: 4096, what: 'the result' }), null)
    assert.deepEqual(readdirSync(plain), [])
    await run(backend, { recipe: await recipe(place.folder) })
    assert.deepEqual(readdirSync(plain), ['out'])
  })

  it('shrinks as it is given back, and leaves a file alone that another process put in its place', async function () {
    const small = disk(this, 'tmpfs', mebibyte)
    const path = join(small, 'reserved')
    const reserve = await setAside({ path, bytes: mebibyte / 2, what: 'the result' })
    assert.ok(reserve)
    await reserve.give(mebibyte / 4)
    assert.deepEqual([reserve.bytes(), statSync(path).size], [mebibyte / 4, mebibyte / 4 - 2 ** 16])
    const other = await setAside({ path, bytes: 4096, what: 'the result' })
    await reserve.release()
    assert.equal(statSync(path).size, 4096)
    await other?.release()
    assert.deepEqual(readdirSync(small), [])
  })
})
