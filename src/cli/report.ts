// sparsescope report: several runs as one table, for a terminal, a paper or a browser.
import { comparisonPage, mostCurves } from '../engine/sweep/comparisonPage.ts'
import { firstPictures, readRuns, type ReadRun } from '../engine/sweep/compareRuns.ts'
import { nameOfRun } from '../runs/folder/sweepFolder.ts'
import { textTable } from '../shared/format/textTable.ts'
import { comparisonMarkdown, comparisonTable } from '../shared/sweep/comparisonTable.ts'
import { comparisonTitle } from '../shared/sweep/comparisonTitle.ts'
import { foldSeeds } from '../shared/sweep/foldSeeds.ts'
import { failureTexts } from '../shared/sweep/shortfall.ts'
import { command, runs, type CommonOptions, type Outcome } from './command.ts'
import { replaceFile } from './replaceFile.ts'
import { shorter } from './run.ts'

interface ReportOptions extends CommonOptions {
  html?: string
  markdown?: string
}

export const reportCommand = command('report', 'compare runs in a table and curves', [
  'report .sparsescope/sweeps/20261125-020304-wanda',
  'report wanda.prune.yaml --markdown table.md --html page.html',
  'report .sparsescope/runs/*-wanda --json',
])
  .argument('<run|sweep...>', "run folders, sweeps' folders, or recipes with a sweep")
  .option('--html <file>', 'write a page with table, Pareto front and curves; replaces the file')
  .option('--markdown <file>', 'write the table for a paper; replaces the file')
  .action(
    runs(async (context, paths: string[], options: ReportOptions): Promise<Outcome> => {
      const read = await readRuns(paths, context.signal)
      const folded = foldSeeds(read)
      const table = comparisonTable(folded)
      if (options.markdown !== undefined) await replaceFile(options.markdown, comparisonMarkdown(table))
      if (options.html !== undefined) {
        const pictures = await firstPictures(read, mostCurves)
        const begun = read.filter(({ folder }) => folder !== null).length
        const left = pictures.length < mostCurves ? 0 : begun - mostCurves
        const title = comparisonTitle(folded, latestDay(read))
        const failures = failureTexts(read)
        await replaceFile(options.html, comparisonPage({ title, runs: folded, pictures, left, failures }))
      }
      const written = [options.markdown, options.html].flatMap((path) => (path === undefined ? [] : [shorter(path)]))
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

/** "2026-12-31"; empty where no folder tells its time. */
function latestDay(runs: readonly ReadRun[]): string {
  const times = runs.map(({ folder }) => (folder ? nameOfRun(folder.path).time : ''))
  return times.sort().at(-1)?.slice(0, 10) ?? ''
}
