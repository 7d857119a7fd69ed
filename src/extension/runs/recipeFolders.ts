// Where the recipes lie that have runs.
import { dirname } from 'node:path'
import { sweepOfRun } from '../../runs/folder/sweepFolder.ts'

/** Each once. Runs of sweeps are left out: they share work, so that their times say little of others. */
export function recipeFolders(runs: readonly { readonly folder: string }[]): string[] {
  // <folder>/.sparsescope/runs/<run>
  const own = runs.filter(({ folder }) => sweepOfRun(folder) === null)
  return [...new Set(own.map(({ folder }) => dirname(dirname(dirname(folder)))))].sort()
}
