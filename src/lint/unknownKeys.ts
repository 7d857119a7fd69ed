// Keys that the format does not have, which several rules share: each knows another reason for them.
import type { LintContext } from './context.ts'
import type { Report } from './rule.ts'
import type { Path } from '../recipe/document.ts'

export interface UnknownKey {
  key: string
  /** Path of the map that has the key. */
  parent: Path
  path: Path
}

export function* unknownKeys({ issues }: LintContext): Iterable<UnknownKey> {
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue
    const parent = issue.path as (string | number)[]
    for (const key of issue.keys) yield { key, parent, path: [...parent, key] }
  }
}

/** A path without its places in lists. */
export const keysOf = (path: Path) => path.filter((key) => typeof key === 'string')
export const isSame = (a: Path, b: Path) => a.length === b.length && a.every((key, i) => key === b[i])

/** Reports of keys that are best left out, each with what to say of it. */
export function* superfluousKeys(context: LintContext, name: RegExp, say: (key: string) => string): Iterable<Report> {
  for (const { key, path } of unknownKeys(context))
    if (name.test(key)) yield { at: { key: path }, message: say(key), fixes: [context.fix.drop(path)] }
}
