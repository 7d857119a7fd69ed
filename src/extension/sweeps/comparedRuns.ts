// Runs that a person chose, to be compared as those of a sweep are: what differs between their recipes are their settings.
import { runLabel } from '../../shared/format/runName.ts'
import { recipeIn, varyingSettings } from '../../shared/sweep/comparedRun.ts'
import { readReport } from '../disk/runResult.ts'
import type { RunPlace } from './followedRun.ts'
import { FollowedRuns } from './followedRuns.ts'
import { nameOfRun } from './sweepFolder.ts'

/** A run without a report has no settings. */
export async function comparedRuns(folders: readonly string[]): Promise<FollowedRuns> {
  const recipes = await Promise.all(folders.map(async (folder) => recipeIn(await readReport(folder))))
  const settings = varyingSettings(recipes)
  const names = folders.map(nameOfRun)
  const isTwice = (name: string) => names.filter((other) => other.name === name).length > 1
  return new FollowedRuns(
    folders.map((folder, i): RunPlace => {
      const name = isTwice(names[i].name) ? runLabel(names[i]) : names[i].name
      return { name, settings: settings[i], folder }
    }),
  )
}
