// Where the recipes lie that have runs.
import { dirname } from 'node:path'
import type { RunReader } from '../../runs/reader/runReader.ts'

/** Each once. Runs of sweeps are left out: they share work, so that their times say little of others. */
export function recipeFolders(runs: readonly Pick<RunReader, 'place' | 'sweep'>[]): string[] {
  // <folder>/.sparsescope/runs/<run>
  const own = runs.filter(({ sweep }) => sweep === null)
  return [...new Set(own.map(({ place }) => dirname(dirname(dirname(place.folder)))))].sort()
}
