// Runs that a person chose, to be compared as those of a sweep are: what differs between their recipes are their settings.
import { runLabel } from '../../shared/format/runName.ts'
import { varyingSettings } from '../../shared/sweep/comparedRun.ts'
import { readReport } from '../runs/runResult.ts'
import type { RunPlace } from './followedRun.ts'
import { FollowedRuns } from './followedRuns.ts'
import { nameOfRun } from './sweepFolder.ts'

/** Of a run that wrote no report nobody knows the recipe as it was resolved: it has no settings. */
export async function comparedRuns(folders: readonly string[]): Promise<FollowedRuns> {
  const recipes = await Promise.all(folders.map(async (folder) => recipeIn(await readReport(folder))))
  const known = recipes.filter((recipe) => recipe !== null)
  const varying = varyingSettings(known)
  const names = folders.map(nameOfRun)
  const isTwice = (name: string) => names.filter((other) => other.name === name).length > 1
  return new FollowedRuns(
    folders.map((folder, i): RunPlace => {
      const recipe = recipes[i]
      const settings = recipe === null ? {} : varying[known.indexOf(recipe)]
      return { name: isTwice(names[i].name) ? runLabel(names[i]) : names[i].name, settings, folder }
    }),
  )
}

function recipeIn(report: unknown): object | null {
  const { recipe } = (typeof report === 'object' && report !== null ? report : {}) as { recipe?: unknown }
  return typeof recipe === 'object' && recipe !== null ? recipe : null
}
