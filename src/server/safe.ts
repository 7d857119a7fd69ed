// Whether a text may be given to yaml-language-server, whose parser has no limits of its own.
import type { Analysis } from './analyses.ts'

/** False for texts that our reader refuses: too long, too deep, too many aliases. */
export function isSafe({ document }: Analysis): boolean {
  return !document.problems.some((p) => p.code === 'REFUSED')
}
