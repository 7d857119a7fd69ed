// Settings of a run of a sweep, by path, and their notation.
import { formatRequested } from '../../formatting/numbers.ts'

/** Values by path, as `--set` takes them, in the order in which they are applied. */
export type Settings = Readonly<Record<string, unknown>>

export interface NamedSettings {
  readonly name: string
  readonly settings: Settings
}

/** Most runs of a sweep: no view can show more. */
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
