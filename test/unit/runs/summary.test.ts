// summary.json in a run's folder: who writes it when, and what lists of runs take from it.
import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { mock } from 'node:test'
import { openSummary, readSummary } from '../../../src/runs/events/summary.ts'
import { runFolderAt, type RunFolder } from '../../../src/runs/folder/runFolder.ts'
import { readRunsOnce } from '../../../src/runs/reader/runsReader.ts'
import { RunReader } from '../../../src/runs/reader/runReader.ts'
import { outsideSweep } from '../../../src/runs/runStatus.ts'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import { encodeSummary, SummaryFold } from '../../../src/runs/series/runSummary.ts'
import { scratch } from '../../support/scratch.ts'
import { until } from '../../support/until.ts'

const step = (n: number): RunEvent => ({ t: n, type: 'step', step: n, loss: n, lr: 1, tokens_per_second: 1 })
const evaluated = (perplexity: number): RunEvent => ({ t: 9, type: 'eval', stage: 'pruned', entry: 0, perplexity })

describe('the summary in a run folder', () => {
  let folder: RunFolder
  beforeEach(() => (folder = runFolderAt(scratch().folder)))
  const say = (...events: RunEvent[]) =>
    appendFileSync(folder.events, events.map((event) => `${JSON.stringify(event)}\n`).join(''))
  const summarise = (...events: RunEvent[]) => {
    const fold = new SummaryFold()
    fold.add(events)
    writeFileSync(folder.summary, encodeSummary(fold.summary()))
  }
  const place = () => ({ name: 'a', settings: {}, folder: folder.path })

  it('is replaced when two seconds have passed, and at the end', async () => {
    let now = 0
    const clock = mock.method(performance, 'now', () => now)
    try {
      const summary = await openSummary(folder, () => true)
      summary.add(step(1))
      assert.equal(existsSync(folder.summary), false)
      now = 2000
      summary.add(step(2))
      summary.add(step(3))
      await until('the summary', () => existsSync(folder.summary))
      await summary.write()
      assert.equal((await readSummary(folder))?.loss.steps, 3)
      summary.add(step(4))
      now = 3999
      summary.add(step(5))
      await new Promise((resolve) => setTimeout(resolve, 50))
      assert.equal((await readSummary(folder))?.loss.steps, 3)
      await summary.write()
      assert.equal((await readSummary(folder))?.loss.steps, 5)
      assert.deepEqual(readdirSync(folder.path), ['summary.json'])
    } finally {
      clock.mock.restore()
    }
  })

  it('of a resumed run has what its earlier events said, and is not written by a run that lost its folder', async () => {
    say(step(1), step(2))
    const summary = await openSummary(folder, () => true)
    summary.add(step(3))
    await summary.write()
    assert.equal((await readSummary(folder))?.loss.steps, 3)
    const lost = await openSummary(folder, () => false)
    await lost.write()
    assert.equal((await readSummary(folder))?.loss.steps, 3)
  })

  it('that cannot be written stops no run', async () => {
    mkdirSync(folder.summary)
    const summary = await openSummary(folder, () => true)
    summary.add(step(1))
    await summary.write()
    assert.equal(await readSummary(folder), null)
  })

  it('is all that a list reads of a run, whatever its events say', async () => {
    say(evaluated(99))
    summarise(evaluated(30))
    const [run] = await readRunsOnce([place()])
    assert.equal(run.state.results.perplexity.pruned, 30)
    summarise(evaluated(31))
    assert.equal(await run.look(outsideSweep), true)
    assert.equal(run.state.results.perplexity.pruned, 31)
  })

  it('is passed over where it is damaged, of another version or too large', async () => {
    say(evaluated(50))
    for (const text of ['{"version":', '{"version":2}', `{"version":1,"x":"${'x'.repeat(2 ** 20)}"}`, '']) {
      writeFileSync(folder.summary, text)
      const [run] = await readRunsOnce([place()])
      assert.equal(run.state.summary, null, text.slice(0, 20))
    }
  })

  it('without events belongs to no run', async () => {
    summarise(evaluated(30))
    const run = new RunReader(place())
    await run.look(outsideSweep)
    assert.deepEqual([run.state.hasSaid, run.state.summary], [false, null])
  })
})
