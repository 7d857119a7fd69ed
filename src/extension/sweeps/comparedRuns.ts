// Runs that a person chose, to be compared as those of a sweep are: what differs between their recipes are their settings.
import { runLabel } from '../../formatting/paths.ts'
import type { RunPlace } from '../../runs/reader/runReader.ts'
import { RunsReader } from '../../runs/reader/runsReader.ts'
import { nameOfRun } from '../../runs/folder/sweepFolder.ts'

/** Resolves when all have been looked at. A run whose recipe cannot be read has no settings. */
export async function comparedRuns(folders: readonly string[]): Promise<RunsReader> {
  const names = folders.map(nameOfRun)
  const isTwice = (name: string) => names.filter((other) => other.name === name).length > 1
  const runs = new RunsReader(
    folders.map((folder, i): RunPlace => {
      const name = isTwice(names[i].name) ? runLabel(names[i]) : names[i].name
      return { name, settings: null, folder }
    }),
  )
  void runs.look()
  await runs.isSeen()
  return runs
}
