// Settings of a run of a sweep, by path, and their notation.

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
