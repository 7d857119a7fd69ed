// read_results: the runs below the roots as a table.
import { basename, dirname, sep } from 'node:path'
import { existsSync } from 'node:fs'
import * as z from 'zod'
import { EngineError } from '../engine/errors.ts'
import { readRuns } from '../engine/sweep/compareRuns.ts'
import { textTable } from '../formatting/tables.ts'
import { comparisonTable, failureTexts } from '../runs/compared/comparisonTable.ts'
import { foldSeeds } from '../runs/compared/foldSeeds.ts'
import { runFolderAt } from '../runs/folder/runFolder.ts'
import { nameOfRun } from '../runs/folder/sweepFolder.ts'
import { readProtocol } from '../runs/reader/report.ts'
import { fromLine, defineTool } from './tool.ts'
import type { Roots } from './roots.ts'

/** Default number of runs in a table; newest first. */
const usualRuns = 20

export const resultsTool = defineTool({
  name: 'read_results',
  title: 'Read Results',
  about: 'Shows the runs of the workspace as a table: state, perplexity, accuracy, sparsity, time and memory.',
  when: 'Use it to say how good a pruned model is, and to compare runs; quote its numbers with the protocol that it prints for a single run. Not to start or continue a run.',
  icon: '$(graph-line)',
  needsTrust: false,
  input: z.strictObject({
    runs: z
      .array(z.string().min(1))
      .min(1)
      .max(50)
      .optional()
      .describe(`Runs, or a sweep, by a part of their folder's path. Left out: the newest ${usualRuns}.`),
    from_line: fromLine,
  }),
  async run({ runs }, { roots, signal }) {
    const all = await findRuns(roots)
    const chosen = runs
      ? all.filter((run) => runs.some((part) => roots.shown(run).includes(part)))
      : all.slice(0, usualRuns)
    if (chosen.length > 0) return resultsOf(chosen, roots, signal)
    if (all.length === 0) return 'There are no runs in the workspace yet.'
    throw new EngineError('not-found', `there is no such run; the newest is ${roots.shown(all[0])}`)
  },
})

/** Folders of runs below the roots, newest first, those of sweeps included. */
export async function findRuns(roots: Roots): Promise<string[]> {
  const isRun = (path: string, isFolder: boolean) =>
    isFolder &&
    basename(dirname(path)) === 'runs' &&
    path.includes(`${sep}.sparsescope${sep}`) &&
    existsSync(runFolderAt(path).recipe)
  const begun = (path: string) => nameOfRun(path).started
  return (await roots.find(isRun)).sort((a, b) => begun(b) - begun(a) || b.localeCompare(a))
}

/** A table, why runs failed, and for a single run how its numbers were measured. `runs`: folders inside the roots. */
export async function resultsOf(runs: readonly string[], roots: Roots, signal?: AbortSignal): Promise<string> {
  const read = await readRuns(runs, signal)
  const { heads, rows } = comparisonTable(foldSeeds(read))
  const protocol = runs.length === 1 ? await readProtocol(runFolderAt(runs[0])).catch(() => []) : []
  return [
    textTable(heads, rows),
    ...failureTexts(read),
    ...(protocol.length > 0 ? [`How it was measured: ${protocol.join(' ')}`] : []),
    `${runs.length === 1 ? 'Folder' : 'Folders'}:`,
    ...runs.map((run) => roots.shown(run)),
  ].join('\n')
}
