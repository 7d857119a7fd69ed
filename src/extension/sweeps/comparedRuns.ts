// Runs that a person chose, to be compared as those of a sweep are: what differs between their recipes are their settings.
import { runLabel } from '../../shared/format/runName.ts'
import { recipeIn, varyingSettings } from '../../shared/sweep/comparedRun.ts'
import { runFolderAt } from '../../runs/folder/runFolder.ts'
import { readReport } from '../../runs/reader/report.ts'
import type { RunPlace } from '../../runs/reader/runReader.ts'
import { RunsReader } from '../../runs/reader/runsReader.ts'
import { nameOfRun } from '../../runs/folder/sweepFolder.ts'

/** A run without a report has no settings. */
export async function comparedRuns(folders: readonly string[]): Promise<RunsReader> {
  const recipeOf = async (folder: string) => recipeIn(await readReport(runFolderAt(folder)).catch(() => null))
  const recipes = await Promise.all(folders.map(recipeOf))
  const settings = varyingSettings(recipes)
  const names = folders.map(nameOfRun)
  const isTwice = (name: string) => names.filter((other) => other.name === name).length > 1
  return new RunsReader(
    folders.map((folder, i): RunPlace => {
      const name = isTwice(names[i].name) ? runLabel(names[i]) : names[i].name
      return { name, settings: settings[i], folder }
    }),
  )
}
