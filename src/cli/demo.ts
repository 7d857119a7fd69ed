// sparsescope demo: the main job on the bundled sample: inspect, prune, recover, evaluate.
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { existsSync, lstatSync } from 'node:fs'
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { EngineError } from '../engine/errors.ts'
import { openCheckpoint } from '../engine/checkpoint/checkpoint.ts'
import { inspectCheckpoint } from '../engine/checkpoint/stats/inspectCheckpoint.ts'
import type { RunReport } from '../engine/run/report/report.ts'
import { summaryText } from '../engine/run/report/summaryTable.ts'
import { runRecipe } from '../engine/run/runRecipe.ts'
import { readRuns } from '../engine/sweep/compareRuns.ts'
import { runFolderAt, createNamedFolder } from '../runs/folder/runFolder.ts'
import { formatCount, formatShare } from '../formatting/numbers.ts'
import { textTable } from '../formatting/tables.ts'
import { comparisonTable } from '../runs/compared/comparisonTable.ts'
import { foldSeeds } from '../runs/compared/foldSeeds.ts'
import { closing, command, type CommonOptions, type Context, type Outcome, runs } from './command.ts'
import { gatherFacts } from './doctor/facts.ts'
import { fasterWith } from './doctor/remedies.ts'
import { askedMemory, memoryOption, wholeNumber } from './options.ts'
import { writePage } from './report.ts'
import { runOptions, shortPath } from './run.ts'
import { writeError } from '../system/diskErrors.ts'

/** Models of the sample, with a description of each recipe. Without `--all` only the first runs, in two minutes on two slow cores. */
const sample: readonly { folder: string; style: string; jobs: Readonly<Record<string, string>> }[] = [
  {
    folder: 'opt',
    style: 'OPT style',
    jobs: {
      'opt-bias-norm': 'magnitude 70 %, then bias + norm retrained',
      'opt-mask-lora': 'magnitude 70 %, then MaskLoRA retrained',
      'opt-wanda-reconstruct': 'Wanda 70 %, then reconstructed block by block',
    },
  },
  { folder: 'llama', style: 'LLaMA style', jobs: { 'llama-norm': 'magnitude 70 %, then its norms retrained' } },
]

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
    throw new EngineError('usage', '--steps 1: the only step would be warm-up at rate 0; use 2 or more')
  const folder = await copySample(target)
  context.say(`the sample is in ${shortPath(folder)}`)
  for (const remedy of fasterWith(await gatherFacts(context.io.program))) context.say(`faster: ${remedy}`)
  const reports: RunReport[] = []
  for (const { folder: model, style, jobs } of options.all ? sample : sample.slice(0, 1)) {
    await inspect(context, join(folder, model))
    for (const [recipe, title] of Object.entries(jobs).slice(0, options.all ? undefined : 1)) {
      context.say('')
      context.say(`${style}: ${title}`)
      reports.push(await run(context, join(folder, `${recipe}.prune.yaml`), options))
    }
  }
  const { page, table } = await resultOf(reports, join(folder, 'report.html'), context)
  const json = { folder, report: page, runs: reports }
  return { json, text: `\n${table}\n\nReport: ${pathToFileURL(page)}` }
}

/** The page and the table of the results. A single run has its own page; several runs share one, written to `html`. */
async function resultOf(reports: readonly RunReport[], html: string, { columns }: Context) {
  const [first, ...others] = reports
  if (others.length === 0) return { page: runFolderAt(first.run).page, table: summaryText(first, columns) }
  const read = await readRuns(reports.map((report) => report.run))
  await writePage(html, read)
  const { heads, rows } = comparisonTable(foldSeeds(read))
  return { page: html, table: textTable(heads, rows, { columns }) }
}

async function inspect({ say, signal }: Context, path: string): Promise<void> {
  await using checkpoint = closing(await openCheckpoint(path))
  const { totals, linears } = await inspectCheckpoint(checkpoint.value, { stats: true, nm: [], signal })
  const [all, inBlocks] = [totals, linears].map(({ parameters }) => formatCount(parameters))
  say('')
  say(
    `${shortPath(path)}: ${all} parameters, ${inBlocks} of them in the blocks' linears, ${formatShare(linears.sparsity ?? 0, 1)} of those exactly zero`,
  )
}

function run(context: Context, recipe: string, options: DemoOptions): Promise<RunReport> {
  const settings = options.steps === undefined ? [] : [`recover.steps=${options.steps}`]
  return runRecipe({ ...runOptions(context, options), recipe, settings, memoryBytes: askedMemory(options.memory) })
}

/** Entries of the sample's folder to copy: not the scripts that made the sample, and no earlier runs. */
const parts = /^(?:README\.md|[\w-]+\.prune\.yaml|opt|llama|text)$/

/**
 * Copies the bundled sample, because recipes write their outputs and runs beside themselves. `folder` must not exist;
 * it appears only when it is complete. Returns its path. @throws EngineError 'exists', 'not-found', 'disk'.
 */
async function copySample(folder: string): Promise<string> {
  const path = resolve(folder)
  if (lstatSync(path, { throwIfNoEntry: false }))
    throw new EngineError(
      'exists',
      `${folder} is there already: remove it, or name another folder, as in sparsescope demo ${folder}-2`,
    )
  const source = sampleFolder()
  const names = (await readdir(source)).filter((name) => parts.test(name))
  return createNamedFolder({ parent: dirname(path), name: basename(path), exact: true }, async (draft) => {
    for (const name of names) await copyPart(join(source, name), join(draft, name))
  })
}

/** The samples are beside dist/, or two folders above this file when it runs unbundled. */
function sampleFolder(): string {
  const found = ['../samples/', '../../samples/']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(join(path, 'opt', 'config.json')))
  if (found) return found
  throw new EngineError('not-found', 'the sample is missing beside this program: install SparseScope again')
}

/** Copies contents without modes, because installed files may be read-only. A part is a file, or a folder of files. */
async function copyPart(from: string, to: string): Promise<void> {
  if (lstatSync(from).isFile()) return copyFile(from, to).catch(refused(to))
  await mkdir(to)
  const files = (await readdir(from, { withFileTypes: true })).filter((entry) => entry.isFile())
  for (const { name } of files) await copyFile(join(from, name), join(to, name)).catch(refused(to))
}

function refused(path: string) {
  return (error: unknown): never => {
    throw writeError(error, path)
  }
}
