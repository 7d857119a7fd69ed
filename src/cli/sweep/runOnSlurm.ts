// The Slurm engine: submits the runs that are neither done nor queued as one job array, and waits for it.
import { shellWord } from '../../formatting/printable.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError } from '../../engine/errors.ts'
import { forgetCancelled } from '../../runs/runStatus.ts'
import { type Sweep, sweepTable, writeTable } from '../../engine/sweep/openSweep.ts'
import { aliveTasks, submit, type AliveTasks } from '../../engine/sweep/slurm.ts'
import { parseByteSize } from '../../formatting/numbers.ts'
import type { SweepRow } from '../../runs/compared/sweepTable.ts'
import type { Context, Outcome } from '../command.ts'
import { shortPath } from '../run.ts'
import { sweepProgress, lockSweep, outcomeOf } from './engine.ts'
import { deviceArguments, slurmOptions, type SweepOptions } from './options.ts'
import { rowText } from './texts.ts'

const engine = 'slurm'
const lookEveryMs = 3000
const endingLookMs = 500

export async function runOnSlurm(context: Context, found: Sweep, options: SweepOptions): Promise<Outcome> {
  const sweep = { ...found, slurm: { ...slurmOptions(options.slurm), ...found.slurm } }
  await submitRest(context, sweep, options)
  if (options.wait === false) {
    const table = await sweepTable(sweep, engine, new Set((await aliveTasks(sweep)).keys()))
    return { json: table, text: `sparsescope sweep status ${shortPath(sweep.folder.path)} shows its progress` }
  }
  await waitForAll(context, sweep)
  return outcomeOf(await writeTable(sweep, engine), sweep, context.columns)
}

/** Submits the runs that are left. The lock is needed because two processes that submit at once would make two arrays. */
async function submitRest(context: Context, sweep: Sweep, options: SweepOptions): Promise<void> {
  const lock = await lockSweep(sweep, context)
  try {
    await forgetCancelled(sweep.folder)
    const alive = await settledTasks(context, sweep)
    const { runs } = await sweepTable(sweep, engine)
    const left = runs.filter(({ index, state }) => state !== 'done' && state !== 'running' && !alive.has(index))
    if (left.length === 0) return
    const indices = left.map(({ index }) => index)
    const { memory, cpus = 1 } = sweep.slurm
    // The process itself needs memory beyond the plan.
    const bytes = memory === undefined ? null : Math.floor(0.8 * (parseByteSize(memory) ?? 0))
    const own = ['--threads', String(cpus), ...(bytes === null ? [] : ['--memory', String(bytes)])]
    const program = [process.execPath, ...context.io.program, 'sweep', 'run', sweep.folder.path]
    const job = await submit(sweep, indices, [...program, ...deviceArguments(options), ...own])
    context.say(`submitted ${indices.length} of ${runs.length} runs as job ${job}`)
  } finally {
    await lock.release()
  }
}

/** Waits until no task is ending: a task that Slurm requeues must not be submitted again, but one that failed must. */
async function settledTasks({ signal, say }: Context, sweep: Sweep): Promise<AliveTasks> {
  for (let isSaid = false; ; isSaid = true) {
    const alive = await aliveTasks(sweep)
    const ending = [...alive.values()].flat().filter(({ isEnding }) => isEnding).length
    if (ending === 0) return alive
    if (!isSaid) say(`${ending} task${ending === 1 ? ' is' : 's are'} just ending; waiting for that`)
    if (signal.aborted) throw new EngineError('cancelled', 'cancelled; nothing was submitted')
    await sleep(endingLookMs, undefined, { signal }).catch(() => undefined)
  }
}

async function waitForAll(context: Context, sweep: Sweep): Promise<void> {
  const { signal } = context
  let states = new Map<number, SweepRow['state']>()
  const progress = sweepProgress(sweep.folder, sweep.runs.length)
  for (let silent = false; ;) {
    if (signal.aborted)
      throw new EngineError(
        'cancelled',
        `the runs continue without this command; stop them with: sparsescope sweep cancel ${shellWord(shortPath(sweep.folder.path))}`,
      )
    const alive = await aliveTasks(sweep).catch((error: unknown): AliveTasks | null => {
      // The Slurm controller may be restarting, which does not affect the runs.
      if (!silent && error instanceof EngineError) context.say(`${error.message}; asking again`)
      return null
    })
    silent = alive === null
    const { runs } = await sweepTable(sweep, engine, new Set(alive?.keys()))
    for (const row of runs) if (states.size > 0 && states.get(row.index) !== row.state) context.say(rowText(row))
    states = new Map(runs.map(({ index, state }) => [index, state]))
    const done = runs.filter(({ state }) => state === 'done').length
    const going = runs.filter(({ state }) => state === 'running').map(({ index }) => index)
    context.progress(await progress(done, going))
    if (alive?.size === 0) return
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
  }
}
