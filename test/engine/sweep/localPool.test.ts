// The local engine with what stands for processes: no run is started.
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { runPool, type StartedRun } from '../../../src/engine/sweep/localPool.ts'
import { sweepFolderAt } from '../../../src/runs/folder/sweepFolder.ts'
import { cancelledRuns } from '../../../src/runs/runStatus.ts'
import { scratch } from '../../support/scratch.ts'

/** Ends at `ends`, and takes no notice of other signals. */
class Stubborn extends EventEmitter implements StartedRun {
  killed = false
  readonly told: string[] = []
  constructor(readonly ends: 'SIGINT' | 'SIGKILL') {
    super()
  }
  kill(signal: 'SIGINT' | 'SIGKILL'): void {
    this.killed = true
    this.told.push(signal)
    if (signal === this.ends) setImmediate(() => this.emit('exit'))
  }
}

describe('the local engine', () => {
  let path = ''
  beforeEach(() => (path = scratch().folder))

  it('marks the runs that it has to kill as cancelled, each of them, and not those that end when they are asked to', async () => {
    const folder = sweepFolderAt(path)
    const runs = (['SIGKILL', 'SIGINT', 'SIGKILL', 'SIGKILL'] as const).map((ends) => new Stubborn(ends))
    const abort = new AbortController()
    const ended: number[] = []
    let begun = 0
    await runPool({
      ...{ folder, indices: [0, 1, 2, 3], jobs: 4, signal: abort.signal },
      start: (index) => runs[index],
      onStart: () => ++begun === runs.length && abort.abort(),
      onEnd: async (index) => void ended.push(index),
    })
    assert.deepEqual(
      runs.map(({ told }) => told),
      [['SIGINT', 'SIGKILL'], ['SIGINT'], ['SIGINT', 'SIGKILL'], ['SIGINT', 'SIGKILL']],
    )
    assert.deepEqual([...(await cancelledRuns(folder))], [0, 2, 3])
    assert.deepEqual(ended.sort(), [0, 1, 2, 3])
  })

  it('starts nothing after a stop, even while it checks which runs are cancelled', async () => {
    const abort = new AbortController()
    const started: number[] = []
    const pool = runPool({
      ...{ folder: sweepFolderAt(path), indices: [0, 1, 2], jobs: 2, signal: abort.signal },
      start: (index) => {
        started.push(index)
        return new Stubborn('SIGINT')
      },
      onStart: () => undefined,
      onEnd: async () => undefined,
    })
    abort.abort()
    await pool
    assert.deepEqual(started, [])
  })

  it('throws an error when its other runs have ended, and starts no more', async () => {
    // By index: which of two runs starts first depends on which finishes first to check whether it is cancelled.
    const runs = new Map<number, Stubborn>()
    const ended: number[] = []
    const pool = runPool({
      ...{ folder: sweepFolderAt(path), indices: [0, 1, 2], jobs: 2, signal: new AbortController().signal },
      start(index) {
        const run = new Stubborn('SIGKILL')
        runs.set(index, run)
        return run
      },
      onStart: () => runs.size === 2 && setImmediate(() => runs.get(0)?.emit('exit')),
      async onEnd(index) {
        ended.push(index)
        if (index > 0) return
        setTimeout(() => runs.get(1)?.emit('exit'), 50)
        throw new Error('the disk is full')
      },
    })
    await assert.rejects(pool, /the disk is full/)
    assert.deepEqual(ended, [0, 1])
    assert.deepEqual([...runs.keys()].sort(), [0, 1])
  })
})
