// All runs of the workspace side by side, those of sweeps among them: found as the tree finds them, read as those of a sweep are.
import type { RunPlace, RunReader } from '../../runs/reader/runReader.ts'
import { RunsReader } from '../../runs/reader/runsReader.ts'
import { outsideSweep } from '../../runs/runStatus.ts'
import type { Sweeps } from './sweeps.ts'

/** Runs that were begun by themselves, and those of sweeps that somebody has opened. */
export interface KnownRuns {
  list(): readonly Pick<RunReader, 'place' | 'sweep'>[]
  onChange(listener: () => void): { dispose(): void }
  /** Searches the workspace. */
  find(): Promise<void>
}

export interface ExperimentsSources {
  readonly store: Pick<KnownRuns, 'list' | 'onChange'>
  readonly sweeps: Pick<Sweeps, 'list' | 'onChange' | 'signsOf'>
}

export interface Experiments {
  /** Reads the runs that there are now. */
  readonly runs: RunsReader
  readonly numSweeps: number
  /** Other runs are there than before: it is to be made anew, from this one. */
  onAnew(listener: () => void): void
  close(): void
}

/** Resolves when all have been looked at. What `before` knows of a run is taken over. */
export async function openExperiments(
  { store, sweeps }: ExperimentsSources,
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
  const listeners = new Set<() => void>()
  const check = () => {
    if (keyOf(placesOf({ store, sweeps })) !== keyOf(places)) for (const listener of listeners) listener()
  }
  const subscriptions = [store.onChange(check), sweeps.onChange(check)]
  void runs.look()
  await runs.isSeen()
  return {
    runs,
    numSweeps: ofSweeps.length,
    onAnew: (listener) => void listeners.add(listener),
    close() {
      for (const one of subscriptions) one.dispose()
      runs.close()
    },
  }
}

/** Those of the sweeps first, in the order of the sweeps: `lookAround` counts on it. Newest first. */
function placesOf({ store, sweeps }: ExperimentsSources): RunPlace[] {
  const ofSweeps = sweeps.list().flatMap(({ runs }) => {
    return runs.runs.map(({ place: { name, folder, recipe } }) => ({ name, settings: null, folder, recipe }))
  })
  const own = store.list().filter(({ sweep }) => sweep === null)
  return [...ofSweeps, ...own.map(({ place }) => ({ ...place, settings: null }))]
}
