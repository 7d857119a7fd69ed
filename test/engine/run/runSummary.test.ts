// A run's summary.json is what its events add up to, also of a run that was stopped and resumed.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { runFolderAt } from '../../../src/runs/folder/runFolder.ts'
import { parseSummary } from '../../../src/runs/series/runSummary.ts'
import { onlyRun } from '../../support/killedRuns.ts'
import { tinyRecipe } from '../../support/recipes.ts'
import { run, runPlace } from '../../support/runs.ts'
import { summaryOfEvents } from '../../support/summaries.ts'

const data = 'ids.safetensors'
const recipe = tinyRecipe({
  recover: { mode: 'retrain', train: ['bias'], steps: 12, lr: 1e-3, data, samples: 4, seq_len: 16 },
  evaluate: [{ data, seq_len: 16, at: ['dense', 'pruned', 'recovered'] }],
})

describe('summary.json of a run', function () {
  this.timeout(300_000)
  const here = runPlace({ tiny: true })
  const summaryIn = (folder: string) => parseSummary(readFileSync(runFolderAt(folder).summary, 'utf8'))

  /** The last event says no more than that the run is over. */
  function assertSame(folder: string): void {
    const events = summaryOfEvents(folder)
    // Memory is told by a clock, which may do so while the summary is written.
    const passing = { overall: null, left: null, elapsed: 0, peakMemoryMb: null }
    assert.deepEqual({ ...summaryIn(folder), ...passing }, { ...events, ...passing })
  }

  it('contains all events of the run when the run is done', async () => {
    const { run: folder } = await run(here.backend, { recipe: here.place.recipe('a', recipe) })
    assertSame(folder)
    const summary = summaryIn(folder)
    assert.deepEqual([summary?.loss.steps, summary?.evaluations.length], [12, 3])
  })

  it('has all steps of a run that was cancelled, and of the same run resumed', async () => {
    const abort = new AbortController()
    let steps = 0
    const onEvent = ({ type }: { type: string }) => type === 'step' && ++steps === 5 && abort.abort()
    await assert.rejects(run(here.backend, { recipe: here.place.recipe('a', recipe), signal: abort.signal, onEvent }))
    const folder = onlyRun(here.place.folder) ?? ''
    assertSame(folder)
    assert.ok((summaryIn(folder)?.loss.steps ?? 0) >= 5)
    await run(here.backend, { resume: folder })
    assertSame(folder)
    assert.equal(summaryIn(folder)?.loss.steps, 12)
  })
})
