// Which runs a sweep asks for: their names and settings, before anything is known of whether they are right.
import { sweepWords, type Sweep } from '../sweepSchema.ts'
import { nameOf, type NamedSettings } from './settings.ts'

/** The lists of a sweep by path, in the order written. */
export function sweptPaths(sweep: Sweep): [path: string, values: readonly unknown[]][] {
  return Object.entries(sweep).filter(([path]) => !sweepWords.includes(path)) as [string, readonly unknown[]][]
}

export function countRuns(sweep: Sweep): number {
  if (sweep.cases) return sweep.cases.length
  const lists = sweptPaths(sweep)
  return lists.length === 0 ? 0 : lists.reduce((count, [, values]) => count * values.length, 1)
}

/** The cases, or the product of the lists, the last fastest. Only for a sweep of at most `mostRuns`. */
export function settingsOfRuns(sweep: Sweep): NamedSettings[] {
  if (sweep.cases) return sweep.cases.map(({ name, set }) => ({ name, settings: set }))
  const lists = sweptPaths(sweep)
  if (lists.length === 0) return []
  const product = lists.reduce<[string, unknown][][]>(
    (runs, [path, values]) =>
      runs.flatMap((run) => values.map((value) => [...run, [path, value] as [string, unknown]])),
    [[]],
  )
  return product.map((pairs) => ({ name: nameOf(pairs), settings: Object.fromEntries(pairs) }))
}
