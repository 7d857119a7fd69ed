// Keys that the format does not have, which several rules share: each knows another reason for them.
import type { LintContext } from './context.ts'
import type { Path } from './document.ts'

export interface UnknownKey {
  key: string
  /** Of the map that it is in. */
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
