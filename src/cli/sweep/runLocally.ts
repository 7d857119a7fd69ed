// The local engine: this machine, some runs at a time, each in a process of its own.
import { shellWord } from '../../formatting/printable.ts'
import { availableParallelism } from 'node:os'
import { EngineError } from '../../engine/errors.ts'
import { runPool, type StartedRun } from '../../engine/sweep/localPool.ts'
import { forgetCancelled } from '../../runs/runStatus.ts'
import { type Sweep, sweepTable, writeTable } from '../../engine/sweep/openSweep.ts'
import type { Context, Outcome } from '../command.ts'
import { memoryBytes } from '../options.ts'
import { sweepProgress, lockSweep, outcomeOf } from './engine.ts'
import { deviceArguments, type SweepOptions } from './options.ts'
import { shortPath } from '../run.ts'
import { rowText } from './texts.ts'

const engine = 'local'
const showEveryMs = 1000

export async function runLocally(context: Context, sweep: Sweep, options: SweepOptions): Promise<Outcome> {
  const { jobs: asked = 1 } = options
  const lock = await lockSweep(sweep, context)
  try {
    await forgetCancelled(sweep.folder)
    const { runs } = await sweepTable(sweep, engine)
    const indices = runs.filter(({ state }) => state !== 'done').map(({ index }) => index)
    // The number of runs that are done explains why not all are started.
    if (indices.length < runs.length) context.say(`${runs.length - indices.length} of ${runs.length} runs are done`)
    const jobs = Math.min(asked, Math.max(1, indices.length))
    // Threads are divided by the number of all runs, not of the remaining ones: another number of threads would round differently.
    const share = shareOf(Math.min(asked, runs.length), options)
    const progress = sweepProgress(sweep.folder, runs.length)
    const going = new Set<number>()
    let done = runs.length - indices.length
    const showProgress = async () => context.progress(await progress(done, going))
    await showProgress()
    const showing = setInterval(() => void showProgress(), showEveryMs)
    await runPool({
      folder: sweep.folder,
      indices,
      jobs,
      start: (index) => startRun(context, sweep, index, options, share),
      onStart: (index) => {
        going.add(index)
        context.say(`started ${runs[index].name}`)
      },
      onEnd: async (index) => {
        const table = await writeTable(sweep, engine)
        context.say(rowText(table.runs[index]))
        going.delete(index)
        // Another process may have finished a run that waits here.
        const finished = table.runs.filter(({ state }) => state === 'done')
        done = finished.length
        for (const run of finished) going.delete(run.index)
        await showProgress()
      },
      signal: AbortSignal.any([context.signal, lock.lost]),
    }).finally(() => clearInterval(showing))
    if (context.signal.aborted)
      throw new EngineError(
        'cancelled',
        `cancelled; continue with: sparsescope sweep run ${shellWord(shortPath(sweep.folder.path))}`,
      )
    return outcomeOf(await writeTable(sweep, engine), sweep, context.columns)
  } finally {
    await lock.release()
  }
}

interface Share {
  readonly threads: number
  readonly memory: number
}

/** Memory and threads of each of so many runs. */
function shareOf(jobs: number, { threads, memory }: SweepOptions): Share {
  return {
    threads: threads ?? Math.max(1, Math.floor(availableParallelism() / jobs)),
    memory: Math.floor(memoryBytes(memory) / jobs),
  }
}

function startRun(
  { io }: Context,
  { folder }: Sweep,
  index: number,
  options: SweepOptions,
  { threads, memory }: Share,
): StartedRun {
  const own = ['--index', String(index), '--threads', String(threads), '--memory', String(memory), '--json']
  return io.startRun(['sweep', 'run', folder.path, ...deviceArguments(options), ...own])
}
