// The cache that a pull fills is other programs' too: they fill it at the same time, and leave anything in it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { hubAccess } from '../../../src/engine/hub/hubAccess.ts'
import { pull, type PullOptions } from '../../../src/engine/hub/pull.ts'
import { commit, hubServer, type HubServer } from '../../support/hubServer.ts'
import { f32, safetensors } from '../../support/safetensors.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { cannot } from '../../support/skip.ts'

const weights = safetensors({
  'a.weight': f32(
    [64, 64],
    Array.from({ length: 4096 }, (_, i) => i),
  ),
})
const config = '{"model_type": "opt"}'

describe('pull into a cache that others use', () => {
  let hub: HubServer
  let temp: Scratch
  beforeEach(async () => {
    temp = scratch()
    hub = await hubServer()
    hub.files.set('config.json', { bytes: Buffer.from(config), lfs: false })
    hub.files.set('model.safetensors', { bytes: weights, lfs: true })
  })
  afterEach(async () => {
    await hub.close()
  })
  const repository = (...parts: string[]) => temp.path('hub', 'models--org--tiny', ...parts)
  const snapshot = (...parts: string[]) => repository('snapshots', commit, ...parts)
  const blob = () => repository('blobs', createHash('sha256').update(weights).digest('hex'))
  const partial = () => `${blob()}.incomplete`
  const get = async (more: Partial<PullOptions> = {}) =>
    pull(
      { repository: 'org/tiny', revision: 'main' },
      {
        access: await hubAccess({ HF_ENDPOINT: hub.endpoint }, temp.path('home')),
        cache: temp.path('hub'),
        ...more,
      },
    )

  it('ends well for many at once, and leaves nothing over', async () => {
    const pulls = await Promise.all(Array.from({ length: 12 }, () => get()))
    assert.deepEqual([...new Set(pulls.map(({ folder }) => folder))], [snapshot()])
    assert.deepEqual(readFileSync(snapshot('model.safetensors')), weights)
    assert.equal(readFileSync(repository('refs', 'main'), 'utf8'), commit)
    const names = readdirSync(repository(), { recursive: true }).map(String)
    assert.deepEqual(
      names.filter((name) => /tmp|incomplete/.test(name)),
      [],
    )
  })

  it('fetches a blob again where its bytes are other, even of the right size', async () => {
    await get()
    writeFileSync(blob(), Buffer.alloc(weights.length))
    assert.equal((await get()).fetchedBytes, weights.length)
    assert.deepEqual(readFileSync(blob()), weights)
    const small = realpathSync(snapshot('config.json'))
    writeFileSync(small, config.replace('opt', 'ppt'))
    assert.equal((await get()).fetchedBytes, config.length)
    assert.equal(readFileSync(small, 'utf8'), config)
    assert.equal(hub.asked.filter(({ host }) => host === 'cdn').length, 2)
  })

  it('writes through no link that has the name of an unfinished file', async () => {
    const secret = temp.write('secret', 'do not touch')
    for (const makeLink of [linkSync, symlinkSync]) {
      mkdirSync(repository('blobs'), { recursive: true })
      makeLink(secret, partial())
      await get()
      assert.equal(readFileSync(secret, 'utf8'), 'do not touch')
      assert.deepEqual(readFileSync(snapshot('model.safetensors')), weights)
      rmSync(temp.path('hub'), { recursive: true })
    }
  })

  it('fetches a file from its beginning where the unfinished one is too long for it', async () => {
    mkdirSync(repository('blobs'), { recursive: true })
    writeFileSync(partial(), Buffer.concat([weights, Buffer.from('more')]))
    await get()
    assert.deepEqual(readFileSync(snapshot('model.safetensors')), weights)
  })

  it('does not wait for a pipe', async function () {
    if (process.platform === 'win32') return cannot(this, 'Windows has no pipes among its files')
    await get()
    rmSync(blob())
    for (const path of [repository('refs', 'main'), partial(), snapshot('config.json')]) {
      rmSync(path, { force: true })
      assert.equal(spawnSync('mkfifo', [path]).status, 0)
    }
    await get()
    assert.equal(readFileSync(repository('refs', 'main'), 'utf8'), commit)
    assert.deepEqual(readFileSync(snapshot('model.safetensors')), weights)
    assert.equal(readFileSync(snapshot('config.json'), 'utf8'), config)
  })
})
