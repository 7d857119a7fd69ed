// Regular expressions of targets, matched by RE2 (re2js). Recipes and adapters are text of strangers, matched while one
// types: RE2 takes time in proportion to the text, whatever the expression. It has no look-around and no back-references.
import { RE2JS, RE2JSException } from 're2js'

/** Why a pattern cannot be used, as what follows "This regular expression". */
export class PatternError extends Error {}

const maxLength = 500
/** Characters times repetitions, since RE2 compiles each repetition by writing it out. */
const maxExpanded = 10_000

type Matcher = (text: string) => boolean

/** Compiling takes longer than matching, and every key stroke lints all patterns of a recipe again. */
const kept = new Map<string, Matcher>()
const mostKept = 200

/** Whether a pattern matches a prefix of a text, as Python's `re.match` does. @throws PatternError */
export function prefixMatcher(source: string): Matcher {
  const known = kept.get(source)
  if (known) return known
  const matcher = compiled(source)
  if (kept.size === mostKept) kept.clear()
  kept.set(source, matcher)
  return matcher
}

function compiled(source: string): Matcher {
  if (source.length > maxLength) throw new PatternError(`is longer than ${maxLength} characters`)
  const counts = [...source.matchAll(/\{(\d+),?(\d*)\}/g)].map(([, least, most]) => Math.max(1, +least, +most))
  if (counts.reduce((size, count) => size * count, source.length) > maxExpanded)
    throw new PatternError('is too large: its repetitions multiply')
  if (/\{,\d+\}/.test(source)) throw new PatternError('has a repetition without a lower bound: write {0,n}')
  try {
    // By itself first: `a)(b` is valid only inside of other parentheses.
    RE2JS.compile(source)
    const pattern = RE2JS.compile(`^(?:${source})`)
    return (text) => pattern.test(text)
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    if (/\(\?<?[=!]/.test(source))
      throw new PatternError('uses look-ahead or look-behind, which is not supported: write only what must match')
    throw new PatternError(`cannot be used: ${error.message.replace('error parsing regexp: ', '')}`)
  }
}
