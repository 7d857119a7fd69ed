// Which modules `targets` and `ignore` name; the semantics of compressed-tensors' match.py: the class name, the exact
// module name, or `re:` and a regular expression that must match the name from its start, like Python's re.match.
import { RE2JS, RE2JSException } from 're2js'

export interface Module {
  /** The checkpoint's tensor name without `.weight`. */
  readonly name: string
  /** `Linear` for every projection inside the blocks; null for what has no class to be matched by. */
  readonly className: string | null
}

export interface Matcher {
  readonly entry: string
  /** Why the entry matches nothing at all, or null. */
  readonly error: string | null
  matches(module: Module): boolean
}

/** `re:` and a source; null for names and classes. */
export function regexSource(entry: string): string | null {
  return entry.startsWith('re:') ? entry.slice(3) : null
}

/** Compiles one entry. An unusable regular expression matches nothing and says why in `error`. */
export function createMatcher(entry: string): Matcher {
  const source = regexSource(entry)
  if (source === null) {
    return { entry, error: null, matches: (m) => m.name === entry || m.className === entry }
  }
  try {
    const matchesPrefix = prefixMatcher(source)
    return { entry, error: null, matches: ({ name }) => matchesPrefix(name) }
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    return { entry, error: error.message, matches: () => false }
  }
}

/** Whether a target matches a module and no ignore entry does. Compiling the entries takes longer than calling the result. */
export function createSelection(
  targets: readonly string[],
  ignore: readonly string[] = [],
): (module: Module) => boolean {
  const wanted = targets.map(createMatcher)
  const unwanted = ignore.map(createMatcher)
  return (module) => wanted.some((t) => t.matches(module)) && !unwanted.some((t) => t.matches(module))
}

/** The modules that a target matches and no ignore entry does, in the given order. */
export function selectModules<M extends Module>(
  modules: readonly M[],
  targets: readonly string[],
  ignore: readonly string[] = [],
): M[] {
  return modules.filter(createSelection(targets, ignore))
}

// Regular expressions of targets, matched by RE2 (re2js). Recipes and adapters may be untrusted, and are matched while the user types: RE2
// takes time in proportion to the text, whatever the expression. It has no look-around and no back-references.

/** A pattern that cannot be used. The message continues a sentence that begins "This regular expression". */
export class PatternError extends Error {}

const maxLength = 500
/** Characters times repetitions, since RE2 compiles each repetition by writing it out. */
const maxExpanded = 10_000

type Test = (text: string) => boolean

/** Compiling takes longer than matching, and every key stroke lints all patterns of a recipe again. */
const kept = new Map<string, Test>()
const mostKept = 200

/** Whether a pattern matches a prefix of a text, as Python's `re.match` does. @throws PatternError */
export function prefixMatcher(source: string): Test {
  const known = kept.get(source)
  if (known) return known
  const matcher = compiled(source)
  if (kept.size === mostKept) kept.clear()
  kept.set(source, matcher)
  return matcher
}

function compiled(source: string): Test {
  if (source.length > maxLength) throw new PatternError(`is longer than ${maxLength} characters`)
  const counts = [...source.matchAll(/\{(\d+),?(\d*)\}/g)].map(([, least, most]) => Math.max(1, +least, +most))
  if (counts.reduce((size, count) => size * count, source.length) > maxExpanded)
    throw new PatternError('is too large: its repetitions multiply')
  if (/\{,\d+\}/.test(source)) throw new PatternError('has a repetition without a lower bound: write {0,n}')
  try {
    // Compiled alone first, because `a)(b` is valid only inside other parentheses.
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
