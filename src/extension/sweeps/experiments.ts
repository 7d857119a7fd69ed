// Runs compared outside a sweep: all runs of the workspace, including those of sweeps, or a chosen set.
import type { RunPlace, RunReader } from '../../runs/reader/runReader.ts'
import { RunsReader } from '../../runs/reader/runsReader.ts'
import { outsideSweep } from '../../runs/runStatus.ts'
import type { Sweeps } from './sweeps.ts'
import { runLabel } from '../../formatting/paths.ts'
import { nameOfRun } from '../../runs/folder/sweepFolder.ts'

/** Runs outside sweeps, and those of sweeps that were opened. */
export interface KnownRuns {
  list(): readonly Pick<RunReader, 'place' | 'sweep'>[]
  onChange(listener: () => void): { dispose(): void }
}

interface ExperimentsSources {
  readonly store: KnownRuns
  readonly sweeps: Pick<Sweeps, 'list' | 'onChange' | 'signsOf'>
}

export interface Experiments {
  /** Reads the runs that there are now. */
  readonly runs: RunsReader
  readonly numSweeps: number
  /** Whether runs were added or removed since. */
  isOutdated(): boolean
  close(): void
}

/**
 * Resolves when all runs have been read. Reuses the state of the runs in `before`. `outdated` is called when runs were added or
 * removed: the caller must open the experiments again, with these as `before`.
 */
export async function openExperiments(
  { store, sweeps }: ExperimentsSources,
  outdated: () => void,
  before?: Experiments,
): Promise<Experiments> {
  const places = placesOf({ store, sweeps })
  const keyOf = (all: readonly RunPlace[]) => all.map(({ folder }) => folder).join('\n')
  const ofSweeps = sweeps.list().map(({ folder, runs }) => ({ folder, count: runs.runs.length }))
  const lookAround = async () => {
    const signs = await Promise.all(ofSweeps.map(({ folder }) => sweeps.signsOf(folder)))
    const byRun = ofSweeps.flatMap(({ count }, i) => Array.from({ length: count }, (_, index) => signs[i](index)))
    return (index: number) => byRun.at(index) ?? outsideSweep
  }
  const runs = new RunsReader(places, lookAround, before?.runs.runs)
  const isOutdated = () => keyOf(placesOf({ store, sweeps })) !== keyOf(places)
  const check = () => {
    if (isOutdated()) outdated()
  }
  const subscriptions = [store.onChange(check), sweeps.onChange(check)]
  void runs.look()
  await runs.isSeen()
  return {
    runs,
    numSweeps: ofSweeps.length,
    isOutdated,
    close() {
      for (const one of subscriptions) one.dispose()
      runs.close()
    },
  }
}

/** Runs of sweeps first, in the order of the sweeps, on which `lookAround` relies; then the other runs. Both are newest first. */
function placesOf({ store, sweeps }: ExperimentsSources): RunPlace[] {
  const ofSweeps = sweeps.list().flatMap(({ runs }) => {
    return runs.runs.map(({ place: { name, folder, recipe } }) => ({ name, settings: null, folder, recipe }))
  })
  const own = store.list().filter(({ sweep }) => sweep === null)
  return [...ofSweeps, ...own.map(({ place }) => ({ ...place, settings: null }))]
}

/**
 * The chosen runs, after all have been read. Their settings are the differences between their recipes; none without a readable recipe.
 */
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
