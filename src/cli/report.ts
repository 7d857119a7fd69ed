// sparsescope report: several runs as one table, for a terminal, a paper or a browser.
import { existsSync, realpathSync, statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { EngineError } from '../engine/errors.ts'
import { comparisonPage, mostCurves } from '../engine/sweep/comparisonPage.ts'
import { firstPictures, type ReadRun, readRuns } from '../engine/sweep/compareRuns.ts'
import { readProtocol } from '../runs/reader/report.ts'
import { nameOfRun, sweepOfRun } from '../runs/folder/sweepFolder.ts'
import { textTable } from '../formatting/tables.ts'
import { comparisonTable, comparisonTitle, failureTexts } from '../runs/compared/comparisonTable.ts'
import { paperTable, type PaperTable } from '../runs/compared/paperTable.ts'
import { paperText } from '../runs/compared/paperText.ts'
import { foldSeeds } from '../runs/compared/foldSeeds.ts'
import { command, type CommonOptions, type Outcome, runs } from './command.ts'
import { replaceFile } from './outputFile.ts'
import { shortPath } from './run.ts'
import { EventTail } from '../runs/events/eventTail.ts'
import { parseEvents } from '../runs/events/parseEvents.ts'
import { createScalarFold, type Scalar, scalarsCsv } from '../runs/series/scalars.ts'
import type { RunFolder } from '../runs/folder/runFolder.ts'

interface ReportOptions extends CommonOptions {
  html?: string
  markdown?: string
  latex?: string
  csv?: string
}

export const reportCommand = command('report', 'compare runs in a table and curves', [
  'report .sparsescope/sweeps/20261125-020304-wanda',
  'report wanda.prune.yaml --latex table.tex --html page.html',
  'report .sparsescope/runs/*-wanda --json',
  'report .sparsescope/runs/*-wanda --csv curves.csv',
])
  .argument('<run|sweep...>', "run folders, sweeps' folders, or recipes with a sweep")
  .option('--html <file>', 'write a page with table, Pareto front and curves; replaces the file')
  .option('--markdown <file>', 'write the table of the finished runs for a paper; replaces the file')
  .option('--latex <file>', 'write the same table for LaTeX, with booktabs; replaces the file')
  .option('--csv <file>', 'write the curves, one line per step with `step` first, for trackers; replaces the file')
  .action(
    runs(async (context, paths: string[], options: ReportOptions): Promise<Outcome> => {
      refuseInputs(options)
      const read = await readRuns(paths, context.signal)
      const folded = foldSeeds(read)
      const table = comparisonTable(folded)
      const papers = [
        [options.markdown, 'markdown'],
        [options.latex, 'latex'],
      ] as const
      for (const [path, format] of papers)
        if (path !== undefined) await replaceFile(path, paperText(await paperOf(read), format))
      if (options.html !== undefined) await writePage(options.html, read)
      if (options.csv !== undefined) await writeCurves(read, options.csv)
      const { markdown, latex, html, csv } = options
      const written = [markdown, latex, html, csv].flatMap((path) => (path === undefined ? [] : [shortPath(path)]))
      const rows = read.map(({ folder, ...run }) => ({ ...run, run: folder?.path ?? null }))
      return {
        json: { runs: rows, folded },
        text: [
          textTable(table.heads, table.rows, { columns: context.columns }),
          ...failureTexts(read),
          ...written.map((path) => `wrote ${path}`),
        ].join('\n'),
      }
    }),
  )

/** Endings of files that a report may replace. A file with another ending may be a recipe, a record, data or a model. */
const replaced = /\.(html?|md|markdown|tex|csv)$/i

/** The path with links followed, as writing follows them. */
const placeOf = (path: string) => (existsSync(path) ? realpathSync(path) : resolve(path))

/** @throws EngineError 'usage': a file that is no report would be replaced, or one report by another. */
function refuseInputs({ html, markdown, latex, csv }: ReportOptions): void {
  const files = [html, markdown, latex, csv].flatMap((path) => path ?? [])
  for (const [i, path] of files.entries()) {
    const twin = files.slice(0, i).find((other) => placeOf(other) === placeOf(path))
    if (twin !== undefined)
      throw new EngineError(
        'usage',
        `${path} is named for two reports, and one would overwrite the other: name another file`,
      )
    // Devices and pipes need no ending.
    const isFile = existsSync(path) && statSync(path).isFile()
    if (isFile && ![path, placeOf(path)].every((one) => replaced.test(one)))
      throw new EngineError(
        'usage',
        `${path} is there already and does not end as a report does (.html, .md, .tex, .csv): name another file`,
      )
  }
}

/** Table, Pareto front and curves; replaces the file `html`. @throws EngineError 'disk'. */
export async function writePage(html: string, read: readonly ReadRun[]): Promise<void> {
  const runs = foldSeeds(read)
  const pictures = await firstPictures(read, mostCurves)
  const begun = read.filter(({ folder }) => folder !== null).length
  const left = pictures.length < mostCurves ? 0 : begun - mostCurves
  const title = comparisonTitle(runs, latestDay(read))
  await replaceFile(html, comparisonPage({ title, runs, pictures, left, failures: failureTexts(read) }))
}

async function paperOf(runs: readonly ReadRun[]): Promise<PaperTable> {
  const protocols: string[][] = []
  // Read one after the other, because reports may be long.
  for (const { folder } of runs) protocols.push(folder ? await readProtocol(folder) : [])
  return paperTable(runs, protocols)
}

/** "2026-12-31"; empty where no folder name has a time. */
function latestDay(runs: readonly ReadRun[]): string {
  const times = runs.map(({ folder }) => (folder ? nameOfRun(folder.path).time : ''))
  return times.sort().at(-1)?.slice(0, 10) ?? ''
}

/** Curves for trackers: replaces the file `csv`, with a line for each step. Runs without events are left out. @throws EngineError 'disk'. */
async function writeCurves(runs: readonly ReadRun[], csv: string): Promise<void> {
  const begun: { name: string; scalars: Scalar[] }[] = []
  for (const { folder, name } of runs) {
    if (!folder) continue
    const fold = createScalarFold()
    const take = (lines: Buffer) => fold.add(parseEvents(lines.toString().split('\n')))
    await new EventTail().readNew(folder.events, take).catch(() => undefined)
    begun.push({ name: nameAmong(runs, { name, folder }), scalars: fold.scalars() })
  }
  await replaceFile(csv, scalarsCsv(begun))
}

/** Runs of one recipe, or of two sweeps of it, have the same name: their folders distinguish them. */
function nameAmong(runs: readonly ReadRun[], { name, folder }: { name: string; folder: RunFolder }): string {
  if (runs.filter((other) => other.name === name).length === 1) return name
  const sweep = sweepOfRun(folder.path)
  return sweep === null ? basename(folder.path) : `${basename(sweep)} ${name}`
}
