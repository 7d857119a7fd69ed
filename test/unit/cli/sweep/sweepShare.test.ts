import { deepEqual, equal } from 'node:assert/strict'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSweepShare } from '../../../../src/cli/sweep/sweepShare.ts'
import { runPathOf, sweepFolderAt } from '../../../../src/runs/folder/sweepFolder.ts'

describe('the share of a sweep', () => {
  let folder: string
  before(() => (folder = mkdtempSync(join(tmpdir(), 'share-'))))
  after(() => rmSync(folder, { recursive: true }))

  it('moves inside its runs, each by what it has told of itself, and tells the time that is left', async () => {
    let clock = 0
    const sweep = sweepFolderAt(folder)
    const { read } = createSweepShare(sweep, 4, () => clock)
    const say = (index: number, overall: number) => {
      mkdirSync(runPathOf(sweep, index), { recursive: true })
      const event = { t: 1, type: 'progress', phase: 'prune', done: 1, total: 2, unit: 'windows', eta_s: 1, overall }
      appendFileSync(join(runPathOf(sweep, index), 'events.jsonl'), `${JSON.stringify(event)}\n`)
    }
    const count = { done: 1, total: 4, unit: 'runs' }
    deepEqual(await read(1, [1]), { what: 'sweep', count, share: 0.25, secondsLeft: null }, 'it has said nothing yet')
    say(1, 0.5)
    say(2, 0.25)
    clock = 3000
    const told = await read(1, [1, 2])
    equal(told.share, 1.75 / 4)
    equal(told.secondsLeft, (3 / 0.1875) * (1 - 1.75 / 4))
    say(1, 0.9)
    equal((await read(1, [1])).share, 1.9 / 4)
    equal((await read(4, [])).share, 1)
  })
})
