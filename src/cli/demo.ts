// sparsescope demo: the main job on the bundled sample: inspect, prune, recover, evaluate.
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { EngineError } from '../engine/errors.ts'
import { openCheckpoint } from '../engine/checkpoint/checkpoint.ts'
import { inspectCheckpoint } from '../engine/checkpoint/stats/inspectCheckpoint.ts'
import type { RunReport } from '../engine/run/report/report.ts'
import { runRecipe } from '../engine/run/runRecipe.ts'
import { writeAtomic } from '../system/atomicFile.ts'
import { runFolderAt } from '../runs/folder/runFolder.ts'
import { formatCount, formatShare } from '../formatting/numbers.ts'
import { textTable } from '../formatting/tables.ts'
import { command, runs, type CommonOptions, type Context, type Outcome } from './command.ts'
import { demoPage } from './demo/demoPage.ts'
import { allModels, cellsOf, firstModel, heads, recipeIn, rowsOf, titleOf, type DemoRun } from './demo/demoRuns.ts'
import { copySample } from './demo/sampleCopy.ts'
import { gatherFacts } from './doctor/facts.ts'
import { fasterWith } from './doctor/remedies.ts'
import { askedMemory, memoryOption } from './memoryOption.ts'
import { wholeNumber } from './optionValues.ts'
import { shorter, showEvent } from './run.ts'
import { running } from './running.ts'

interface DemoOptions extends CommonOptions {
  steps?: number
  all?: boolean
  memory?: string
}

export const demoCommand = command('demo', 'inspect, prune, recover and evaluate a small bundled model', [
  'demo',
  'demo /tmp/sparsescope-demo',
  'demo --steps 20',
  'demo --all',
])
  .argument('[folder]', 'where to put the sample, its runs and the report; it must not exist', 'sparsescope-demo')
  .option('--steps <n>', "training steps of each recovery (default: the recipes', 200)", wholeNumber)
  .option('--all', 'both models and four recoveries, in three to seven minutes on two cores')
  .addOption(memoryOption())
  .action(runs(demo))

async function demo(context: Context, target: string, options: DemoOptions): Promise<Outcome> {
  if (options.steps === 1)
    throw new EngineError('usage', '--steps 1: the only step would warm up, at rate 0: use 2 or more')
  const folder = await copySample(target)
  context.say(`the sample is in ${shorter(folder)}`)
  for (const remedy of fasterWith(await gatherFacts(context.io.program))) context.say(`faster: ${remedy}`)
  const done: DemoRun[] = []
  for (const { folder: model, style, jobs } of options.all ? allModels : firstModel) {
    await inspect(context, join(folder, model))
    for (const job of jobs) {
      context.say('')
      context.say(`${style}: ${titleOf(job)}`)
      done.push({ style, job, report: await run(context, recipeIn(folder, job), options) })
    }
  }
  const rows = rowsOf(done)
  const page = join(folder, 'report.html')
  const links = done.map(({ style, job, report }) => ({
    title: `${style}: ${titleOf(job)}`,
    path: relative(folder, runFolderAt(report.run).page).replaceAll('\\', '/'),
  }))
  await writeAtomic(page, [demoPage(rows, links)])
  const json = { folder, report: page, runs: done.map(({ report }) => report) }
  return {
    json,
    text: `\n${textTable(heads, rows.map(cellsOf), { columns: context.columns })}\n\nReport: ${pathToFileURL(page)}`,
  }
}

async function inspect({ say, signal }: Context, path: string): Promise<void> {
  const checkpoint = await openCheckpoint(path)
  try {
    const { totals, linears } = await inspectCheckpoint(checkpoint, { stats: true, nm: [], signal })
    const [all, inBlocks] = [totals, linears].map(({ parameters }) => formatCount(parameters))
    say('')
    say(
      `${shorter(path)}: ${all} parameters, ${inBlocks} of them in the blocks' linears, ${formatShare(linears.sparsity ?? 0, 1)} of those are zero`,
    )
  } finally {
    await checkpoint.close()
  }
}

function run(context: Context, recipe: string, options: DemoOptions): Promise<RunReport> {
  const settings = options.steps === undefined ? [] : [`recover.steps=${options.steps}`]
  return running(context, options, showEvent, (given) =>
    runRecipe({ ...given, recipe, settings, memoryBytes: askedMemory(options.memory) }),
  )
}
