import assert from 'node:assert/strict'
import { RunQueue } from '../../../src/extension/runs/runQueue.ts'
import { errorsText, readResult, resultText, runStatusText } from '../../../src/extension/runs/runTexts.ts'
import { resultOf } from '../../../src/runs/series/runResult.ts'
import { recipeName } from '../../../src/extension/runs/runStore.ts'
import type { RunStatus } from '../../../src/runs/series/foldRun.ts'
import { SummaryFold } from '../../../src/runs/series/runSummary.ts'
import { scratch } from '../../support/scratch.ts'

const run = (name: string, status: RunStatus) => {
  const summary = { ...new SummaryFold().summary(), overall: 0.42, left: 90, phase: { phase: 'reconstruct' } }
  return {
    ...{ name, status, time: '2026-12-31 23:59:58' },
    place: { name, settings: null, folder: `/runs/${name}` },
    state: { summary },
  }
}

describe('the queue of runs', () => {
  it('names the run that each one waits for, until it has a folder', () => {
    const queue = new RunQueue()
    const [first, second] = ['a', 'b', 'c'].map((name) => queue.enter(name))
    first.started('/runs/a')
    assert.deepEqual(
      queue.waiting().map(({ name, behind }) => [name, behind]),
      [
        ['b', 'a'],
        ['c', 'b'],
      ],
    )
    first.leave()
    second.started('/runs/b')
    assert.deepEqual(
      queue.waiting().map(({ name, behind }) => [name, behind]),
      [['c', 'b']],
    )
  })

  it('cancels a run while it waits, from the queue and by its caller', () => {
    const queue = new RunQueue()
    const caller = new AbortController()
    const [one, two] = [queue.enter('a'), queue.enter('b', caller.signal)]
    queue.waiting()[0].cancel()
    assert.deepEqual([one.signal.aborted, two.signal.aborted], [true, false])
    caller.abort()
    assert.equal(two.signal.aborted, true)
  })
})

describe('the status item', () => {
  it('names the run in progress, its share, phase and time left, and the runs that wait', () => {
    const queued = [{ id: 1, name: 'next', behind: 'wanda50', cancel: () => {} }]
    const status = runStatusText([run('old', 'done'), run('wanda50', 'running')], queued)
    assert.equal(status?.text, '$(sync~spin) wanda50 42 % (+1)')
    assert.equal(
      status?.tooltip,
      'wanda50 · 2026-12-31 23:59:58\nreconstruct 42 %, about 2 min left\nnext is queued behind wanda50\nClick to open the run.',
    )
    assert.equal(status?.run?.name, 'wanda50')
  })

  it('shows a paused run as paused, and nothing of runs when there are none', () => {
    assert.match(runStatusText([run('a', 'paused')], [])?.text ?? '', /^\$\(debug-pause\) a/)
    assert.equal(runStatusText([run('a', 'done')], []), null)
    const starting = [{ id: 1, name: 'a', behind: null, cancel: () => {} }]
    assert.equal(runStatusText([], starting)?.tooltip, 'a is starting')
  })
})

describe('the result of a run', () => {
  it('states its perplexities, sparsity and output, not only "done"', () => {
    const perplexity = { dense: 27.65, pruned: 48.1, recovered: 31.2 }
    assert.equal(
      resultText('wanda50', resultOf({ perplexity, sparsity: 0.5, output: '/models/out' })),
      'wanda50: perplexity 27.65 dense → 48.1 pruned → 31.2 recovered, sparsity 50.00 %, saved to /models/out.',
    )
  })

  it('has the mean accuracy with its standard error, and says which stages it does not distinguish', () => {
    const accuracy = {
      dense: { acc: 0.6, stderr: 0.02, tasks: 3 },
      pruned: { acc: 0.4, stderr: 0.02, tasks: 3 },
      recovered: { acc: 0.59, stderr: 0.02, tasks: 3 },
    }
    assert.equal(
      resultText('wanda50', resultOf({ accuracy, sparsity: 0.5, output: '/models/out' })),
      'wanda50: mean accuracy 60.0 % ± 2.0 dense → 40.0 % ± 2.0 pruned → 59.0 % ± 2.0 recovered (no difference beyond the standard error: dense and recovered), sparsity 50.00 %, saved to /models/out.',
    )
    assert.equal(resultText('a', resultOf({ accuracy: { dense: { acc: 'x' } } })), 'a: nothing was saved.')
  })

  it('leaves out what was not measured, and survives a report that is damaged or missing', async () => {
    assert.equal(resultText('a', resultOf({ perplexity: { dense: 'x' }, sparsity: null })), 'a: nothing was saved.')
    assert.equal(resultText('a', resultOf(null)), 'a: nothing was saved.')
    const folder = scratch().folder
    assert.equal(await readResult(folder), null)
    assert.equal(resultText('a', null), 'a: done, but its report cannot be read.')
  })
})

describe('the name of a recipe', () => {
  it('is that of its file, and of its run’s folder', () => {
    assert.equal(recipeName('/x/wanda50.prune.yaml'), 'wanda50')
    assert.equal(recipeName('/x/.sparsescope/runs/20261231-235958-wanda50'), 'wanda50')
  })
})

describe('a recipe that cannot run', () => {
  it('says how many errors it has, and the first', () => {
    assert.equal(errorsText('x.prune.yaml', ['no model'], null), 'x.prune.yaml has an error: no model')
    assert.equal(errorsText('x.prune.yaml', ['no model', 'no data'], 3), 'x.prune.yaml:3 has 2 errors, first: no model')
  })
})
