// The plan of a sweep and its marks, as anybody may have written them.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readPlan, type SweepFolder, sweepFolderAt } from '../../../src/runs/folder/sweepFolder.ts'
import { cancelledRuns, cancelRuns, forgetRefused, noteRefused, readSweepSigns } from '../../../src/runs/runStatus.ts'
import { scratch } from '../../support/scratch.ts'
import { cannot } from '../../support/skip.ts'

const hash = '0'.repeat(64)
const id = '0123456789abcdef'
const base = '../../..'
const none: ReadonlySet<number> = new Set()

describe('the folder of a sweep, as anybody may have written it', () => {
  let outside = ''
  let folder: SweepFolder
  beforeEach(() => {
    const place = scratch().folder
    outside = join(place, 'outside')
    folder = sweepFolderAt(join(place, 'sweep'))
    for (const path of [outside, folder.path]) mkdirSync(path)
  })

  it('has its plan read, or refused with its path', async () => {
    await assert.rejects(readPlan(folder), { code: 'not-found' })
    const runs = [{ index: 0, name: 'a', settings: { seed: 1 }, hash }]
    writeFileSync(folder.plan, JSON.stringify({ id, runs, base }))
    assert.deepEqual(await readPlan(folder), { id, runs, base })
    const many = Array.from({ length: 1001 }, (_, index) => ({ index, name: 'a', settings: {}, hash }))
    const [run] = runs
    const wrong = [
      {},
      { id: '../..', runs, base },
      { id, runs: many, base },
      { id, runs, base: '/' },
      ...[
        { ...run, index: 7 },
        { ...run, name: 5 },
        { ...run, settings: [] },
      ].map((one) => ({ id, runs: [one], base })),
      [],
      7,
    ].map((each) => JSON.stringify(each))
    for (const text of [...wrong, '{', '']) {
      writeFileSync(folder.plan, text)
      await assert.rejects(readPlan(folder), (error: Error) => error.message.includes(folder.plan), text)
    }
  })

  it('has its marks read together, and says that a list of cancelled runs is damaged', async () => {
    await cancelRuns(folder, [2, 1])
    await noteRefused(folder, 3, 'the model changed')
    const of = await readSweepSigns(folder, new Set([4]))
    assert.deepEqual([0, 1, 2, 3, 4].map(of), [
      { isQueued: false, isCancelled: false, refusal: null },
      { isQueued: false, isCancelled: true, refusal: null },
      { isQueued: false, isCancelled: true, refusal: null },
      { isQueued: false, isCancelled: false, refusal: 'the model changed' },
      { isQueued: true, isCancelled: false, refusal: null },
    ])
    await forgetRefused(folder, 3)
    assert.equal((await readSweepSigns(folder, none))(3).refusal, null)
    for (const text of ['{', '[]', '{"indices": [-1]}', '{"indices": "1"}']) {
      writeFileSync(folder.cancelled, text)
      await assert.rejects(cancelledRuns(folder), { code: 'bad-data' }, text)
    }
  })

  it('never removes, writes or reads outside through a link', async function () {
    if (process.platform === 'win32') return cannot(this, 'links need a right on Windows')
    const precious = join(outside, '1.txt')
    writeFileSync(precious, 'of somebody else')
    symlinkSync(outside, folder.refused)
    await assert.rejects(noteRefused(folder, 1, 'x'), { code: 'bad-data' })
    await assert.rejects(forgetRefused(folder, 1), { code: 'bad-data' })
    await assert.rejects(readSweepSigns(folder, none), { code: 'bad-data' })
    assert.equal(readFileSync(precious, 'utf8'), 'of somebody else')
    writeFileSync(folder.plan, JSON.stringify({ id, runs: [], base }))
    await assert.rejects(readPlan(folder), /refused is a symbolic link/)
    rmSync(folder.refused)
    symlinkSync(join(outside, 'made through a link'), folder.refused)
    await assert.rejects(noteRefused(folder, 1, 'x'), { code: 'bad-data' })
    assert.ok(!existsSync(join(outside, 'made through a link')))
  })
})
