// sparsescope sweep: many runs from one recipe.
import { Argument, Option } from 'commander'
import { writeAtomic } from '../../system/atomicFile.ts'
import { cancelRuns } from '../../runs/runStatus.ts'
import { findOrCreateSweep, findSweep, plannedSweep, type SweepRequest } from '../../engine/sweep/openSweep.ts'
import { aliveTasks, cancelTasks } from '../../engine/sweep/slurm.ts'
import { command, runs, type Context, type Outcome } from '../command.ts'
import { collect, numberFromZero, wholeNumber, memoryBytes, memoryOption, precisionOption } from '../options.ts'
import { shortPath } from '../run.ts'
import { currentTable, engineOf, engines } from './engine.ts'
import { checkOptions, refuseUseless, type SweepOptions } from './options.ts'
import { runLocally } from './runLocally.ts'
import { indexIn, runIndex } from './runIndex.ts'
import { runOnSlurm } from './runOnSlurm.ts'
import { planText, sweepText } from './texts.ts'

type Action = 'plan' | 'run' | 'status' | 'cancel'

/** The process of each run gets a signal, and is killed after 1.2 s: this process must outlive that. */
const leaveAfterMs = 1800

export const sweepCommand = command('sweep', 'plan, run, follow or cancel many runs of one recipe', [
  'sweep plan wanda.prune.yaml',
  'sweep run wanda.prune.yaml --jobs 2',
  "sweep run wanda.prune.yaml --set 'sweep.prune.0.sparsity=[0.5, 0.7]' --set 'sweep.seed=[0, 1, 2]'",
  'sweep status wanda.prune.yaml --json',
  'sweep cancel .sparsescope/sweeps/20261125-020304-wanda --index 3',
])
  .addArgument(new Argument('<action>', 'what to do').choices(['plan', 'run', 'status', 'cancel']))
  .argument('<recipe|folder>', 'a recipe with `sweep`: its newest sweep with the same plan; or the folder of a sweep')
  .option('--set <path=value>', 'replace a value of the recipe; may be repeated', collect, [])
  .addOption(new Option('--engine <engine>', 'where to run them').choices(engines))
  .option(
    '--slurm <key=value>',
    'Slurm: a key of sweep.slurm, for what the recipe does not say; may be repeated',
    collect,
    [],
  )
  .option('--no-wait', 'Slurm: submit, and return without waiting for the runs')
  .option('--jobs <n>', 'runs at a time; memory and threads are divided among them (default: 1)', wholeNumber)
  .option('--index <i>', 'one run of the sweep, counted from 0', numberFromZero)
  .option('--threads <n>', 'threads of each run (default: those of the machine, divided by --jobs)', wholeNumber)
  .addOption(
    new Option('--tell-folder <file>', "write the path of the sweep's folder into this file, for a program").hideHelp(),
  )
  .addOption(new Option('--child', 'end with the process that started this one').hideHelp())
  .addOption(precisionOption("the recipe's"))
  .addOption(memoryOption())
  .action(
    runs(async (context, action: Action, path: string, options: SweepOptions): Promise<Outcome> => {
      const settings = options.precision ? [...options.set, `precision=${options.precision}`] : options.set
      const request = { path, settings, signal: context.signal }
      if (action !== 'run') refuseUseless(context, action)
      switch (action) {
        case 'plan': {
          const { jobs = 1 } = options
          const planned = await plannedSweep(request, memoryBytes(options.memory) / jobs)
          const warnings = planned.warnings.map((message) => `warning: ${message}`)
          const text = planText(planned, Math.min(jobs, planned.plan.runs.length), context.columns)
          return { json: planned.plan, text: [text, ...warnings].join('\n') }
        }
        case 'run':
          return runSweep(context, request, options)
        case 'status': {
          const sweep = await findSweep(request)
          const table = await currentTable(sweep)
          return { json: table, text: sweepText(table, sweep, context.columns) }
        }
        case 'cancel':
          return cancelSweep(request, options)
      }
    }, leaveAfterMs),
  )

async function runSweep(context: Context, request: SweepRequest, options: SweepOptions): Promise<Outcome> {
  checkOptions(options)
  const { index } = options
  const { sweep, warnings } = await findOrCreateSweep(request, (runs, begun) => {
    if (index !== undefined) indexIn({ runs }, index)
    refuseUseless(context, index === undefined ? engineOf(begun, options.engine) : 'one')
  })
  context.say(`sweep folder: ${shortPath(sweep.folder.path)}`)
  // A program that started this command in a terminal cannot read its output, and the newest sweep of a recipe may be another one.
  if (options.tellFolder !== undefined) await writeAtomic(options.tellFolder, [sweep.folder.path])
  if (index !== undefined) return runIndex(context, sweep, index, options)
  for (const message of await warnings()) context.say(`warning: ${message}`)
  switch (engineOf(sweep, options.engine)) {
    case 'local':
      return runLocally(context, sweep, options)
    case 'slurm':
      return runOnSlurm(context, sweep, options)
  }
}

async function cancelSweep(request: SweepRequest, { index }: SweepOptions): Promise<Outcome> {
  const sweep = await findSweep(request)
  const asked = index === undefined ? null : indexIn(sweep, index)
  const { runs: rows } = await currentTable(sweep)
  const open = rows.filter(({ index: i, state }) => (asked === null || i === asked) && state !== 'done')
  const cancelled = open.map(({ index: i }) => i)
  // Recorded first: a stopped process may have no time to write the reason.
  await cancelRuns(sweep.folder, cancelled)
  if (engineOf(sweep) === 'slurm') {
    const alive = await aliveTasks(sweep)
    await cancelTasks(cancelled.flatMap((i) => alive.get(i) ?? []))
  }
  const nothing = asked === null ? 'all runs are done' : `run ${asked} is done`
  const text =
    cancelled.length === 0
      ? `nothing to cancel: ${nothing}`
      : `${cancelled.length} of ${rows.length} runs cancelled; sparsescope sweep run continues them`
  return { json: { id: sweep.id, cancelled }, text }
}
