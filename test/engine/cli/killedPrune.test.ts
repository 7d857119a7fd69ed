// `sparsescope prune` cannot be resumed: killed at any point, it is run again, and nothing of the first time remains.
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cli } from '../../support/cli.ts'
import { killedAt } from '../../support/killedRuns.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { writeTinyModel } from '../../support/tinyModel.ts'

const all = process.env.SPARSESCOPE_TORTURE === '1'

describe('sparsescope prune that was killed', function () {
  this.timeout(900_000)
  let place: Scratch
  beforeEach(async () => {
    place = scratch()
    await writeTinyModel(place.path('model'))
  })
  const args = () => [
    'prune',
    place.path('model'),
    '--out',
    place.path('out', 'pruned'),
    '--method',
    'magnitude',
    '--sparsity',
    '0.5',
    '--device',
    'cpu',
  ]
  const inside = () => readdirSync(place.path('out')).sort()

  /** Makes folders a day old: only then one without a run is known to be nobody's. */
  function letTimePass(): void {
    const long = new Date(Date.now() - 2 * 86_400_000)
    for (const name of inside()) utimesSync(place.path('out', name), long, long)
  }

  it('leaves nothing behind once it is run again', async () => {
    assert.equal((await cli(...args())).status, 0)
    const expected = readFileSync(place.path('out', 'pruned', 'model.safetensors'))
    for (let point = 1; ; point += all ? 1 : 9) {
      place = scratch()
      await writeTinyModel(place.path('model'))
      if (!killedAt(point, place.folder, ...args())) break
      const left = inside()
      letTimePass()
      const { status, stderr } = await cli(...args())
      assert.equal(status, left.includes('pruned') ? 2 : 0, stderr)
      assert.deepEqual(inside(), ['pruned'], `killed at ${point}`)
      assert.deepEqual(readFileSync(place.path('out', 'pruned', 'model.safetensors')), expected)
    }
  })

  it('takes along neither what is in use nor what prune has not made', async () => {
    const ours = (name: string) => place.path('out', `.sparsescope-prune-${name}`)
    mkdirSync(ours('young'), { recursive: true })
    mkdirSync(join(ours('full'), 'a thesis'), { recursive: true })
    writeFileSync(ours('file'), 'text')
    symlinkSync(place.path('model'), ours('link'))
    const old = new Date(2026, 0, 1)
    for (const name of ['full', 'file']) utimesSync(ours(name), old, old)
    const before = inside()
    assert.equal((await cli(...args())).status, 0)
    assert.deepEqual(inside(), [...before, 'pruned'].sort())
    assert.deepEqual(readdirSync(place.path('model')).sort(), ['config.json', 'model.safetensors'])
  })
})
