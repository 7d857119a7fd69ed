// Settings of a run of a sweep, by path, and their notation.
import { formatRequested } from '../../formatting/numbers.ts'
import { type Sweep, sweepWords } from '../sweepSchema.ts'

/** Values by path, as `--set` takes them, in the order in which they are applied. */
export type Settings = Readonly<Record<string, unknown>>

export interface NamedSettings {
  readonly name: string
  readonly settings: Settings
}

/** More would not be planned, nor told apart in any view. */
export const mostRuns = 1000

/** `prune.0.sparsity=0.5,seed=1` */
export function nameOf(pairs: readonly (readonly [string, unknown])[]): string {
  return pairs.map(([path, value]) => `${path}=${valueText(value)}`).join(',')
}

/** A value as it is written after `--set path=`. */
export function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** A value as people read it beside others: a file without its folders, a list without brackets, a sparsity in percent. */
export function settingText(path: string, value: unknown): string {
  if (Array.isArray(value)) {
    const isNumbers = value.some((item) => typeof item === 'number')
    return value.map((item) => settingText(path, item)).join(isNumbers ? ', ' : '+')
  }
  if (typeof value === 'number' && /(^|\.)sparsity$/.test(path)) return formatRequested(value)
  return typeof value === 'string' ? value.split(/[\\/]/).at(-1) || value : valueText(value)
}

/** `prune.0.sparsity` → sparsity. Texts are cut into windows, which recipes call samples. */
export function settingWord(path: string): string {
  return path.replace(/^.*\./, '').replace(/^samples$/, 'windows')
}

// Which runs a sweep asks for: their names and settings, before anything is known of whether they are right.
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
