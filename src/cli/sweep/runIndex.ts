// sparsescope sweep run FOLDER --index I: one run in this process. The local engine and the tasks of a job array call it.
import { EngineError } from '../../engine/errors.ts'
import { type Sweep, writeTable } from '../../engine/sweep/openSweep.ts'
import { runOfSweep } from '../../engine/sweep/runOfSweep.ts'
import type { Context, Outcome } from '../command.ts'
import { cancelledRuns, forgetCancelledRun } from '../../runs/runStatus.ts'
import { memoryBytes } from '../options.ts'
import { reportText, runOptions, shortPath } from '../run.ts'
import { engineOf } from './engine.ts'
import type { SweepOptions } from './options.ts'

/** The run that `--index` names. @throws EngineError 'usage' when the sweep has none of that number. */
export function indexIn({ runs }: { readonly runs: readonly unknown[] }, index: number): number {
  if (index < runs.length) return index
  throw new EngineError('usage', `--index ${index}: the runs of this sweep count from 0 to ${runs.length - 1}`)
}

const lookEveryMs = 1000

/** Interrupts a run without a local engine when `sweep cancel` has marked it. A task of a job array may be marked before it starts. */
async function stopWhenCancelled({ folder }: Sweep, index: number): Promise<NodeJS.Timeout> {
  if (process.env.SLURM_JOB_ID === undefined) await forgetCancelledRun(folder, index)
  const looking = setInterval(() => {
    void cancelledRuns(folder)
      .then((cancelled) => {
        if (!cancelled.has(index)) return
        clearInterval(looking)
        process.kill(process.pid, 'SIGINT')
      })
      .catch(() => undefined)
  }, lookEveryMs)
  return looking
}

/** `index`: a run that the sweep has. */
export async function runIndex(context: Context, sweep: Sweep, index: number, options: SweepOptions): Promise<Outcome> {
  // A run of the local engine ends with the engine. Otherwise two processes could work on the run when the sweep continues.
  const hasParent = options.child === true
  if (hasParent) {
    // The parent may have ended before this check.
    if (!process.connected) throw new EngineError('cancelled', 'the sweep that started this run has ended')
    process.once('disconnect', () => process.kill(process.pid, 'SIGINT'))
  }
  const looking = hasParent ? null : await stopWhenCancelled(sweep, index)
  try {
    const report = await runOfSweep(sweep, index, {
      ...runOptions(context, options),
      memoryBytes: memoryBytes(options.memory),
      onFolder: (path) => context.say(`run folder: ${shortPath(path)}`),
    })
    return { json: report, text: reportText(report, context.columns) }
  } finally {
    clearInterval(looking ?? undefined)
    // A parent engine writes the table after this process has ended.
    if (!hasParent) await writeTable(sweep, engineOf(sweep)).catch(() => undefined)
  }
}
