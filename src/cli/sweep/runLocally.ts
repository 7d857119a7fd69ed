// The local engine: this machine, some runs at a time, each in a process of its own.
import { shellWord } from '../../formatting/printable.ts'
import { availableParallelism } from 'node:os'
import { EngineError } from '../../engine/errors.ts'
import { runPool, type StartedRun } from '../../engine/sweep/localPool.ts'
import { forgetCancelled } from '../../runs/runStatus.ts'
import type { Sweep } from '../../engine/sweep/openSweep.ts'
import { sweepTable, writeTable } from '../../engine/sweep/runStates.ts'
import type { Context, Outcome } from '../command.ts'
import { memoryBytes } from '../memoryOption.ts'
import { lockSweep } from './lockSweep.ts'
import { deviceArguments, type SweepOptions } from './options.ts'
import { outcomeOf } from './outcome.ts'
import { shorter } from '../run.ts'
import { createSweepShare } from './sweepShare.ts'
import { rowText } from './texts.ts'
import { wholeNumber } from './wholeNumber.ts'

const engine = 'local'
const tellEveryMs = 1000

export async function runLocally(context: Context, sweep: Sweep, options: SweepOptions): Promise<Outcome> {
  const asked = options.jobs === undefined ? 1 : wholeNumber('--jobs', options.jobs, 1)
  const lock = await lockSweep(sweep, context)
  try {
    await forgetCancelled(sweep.folder)
    const { runs } = await sweepTable(sweep, engine)
    const indices = runs.filter(({ state }) => state !== 'done').map(({ index }) => index)
    // Runs that are done tell how the rest began.
    if (indices.length < runs.length) context.say(`${runs.length - indices.length} of ${runs.length} runs are done`)
    const jobs = Math.min(asked, Math.max(1, indices.length))
    // Threads are divided among all runs, not those that are left: with other threads sums round otherwise, and one table would hold both.
    const share = shareOf(Math.min(asked, runs.length), options)
    const progress = createSweepShare(sweep.folder, runs.length)
    const going = new Set<number>()
    let done = runs.length - indices.length
    const tell = async () => context.progress(await progress.read(done, going))
    await tell()
    const telling = setInterval(() => void tell(), tellEveryMs)
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
        // Another process may have done one that waits here.
        const finished = table.runs.filter(({ state }) => state === 'done')
        done = finished.length
        for (const run of finished) going.delete(run.index)
        await tell()
      },
      signal: AbortSignal.any([context.signal, lock.lost]),
    }).finally(() => clearInterval(telling))
    if (context.signal.aborted)
      throw new EngineError(
        'cancelled',
        `cancelled; go on with: sparsescope sweep run ${shellWord(shorter(sweep.folder.path))}`,
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
    threads:
      threads === undefined
        ? Math.max(1, Math.floor(availableParallelism() / jobs))
        : wholeNumber('--threads', threads, 1),
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
