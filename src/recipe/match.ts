// Which modules `targets` and `ignore` name; the semantics of compressed-tensors' match.py: the class name, the exact
// module name, or `re:` and a regular expression that must match the name from its start, like Python's re.match.
import { compilePattern, PatternError } from './regex/parse.ts'
import { createPrefixMatcher } from './regex/match.ts'

export interface Module {
  /** The checkpoint's tensor name without `.weight`. */
  readonly name: string
  /** `Linear` for every projection inside the blocks; null for what has no class to be matched by. */
  readonly className: string | null
}

export interface Matcher {
  readonly entry: string
  /** Why the entry matches nothing at all, or null. */
  error: string | null
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
  const matcher: Matcher = { entry, error: null, matches: () => false }
  const guarded = <T>(work: () => T, otherwise: T): T => {
    if (matcher.error !== null) return otherwise
    try {
      return work()
    } catch (error) {
      if (!(error instanceof PatternError)) throw error
      matcher.error = error.message
      return otherwise
    }
  }
  const matchPrefix = guarded(() => createPrefixMatcher(compilePattern(source)), null)
  if (matchPrefix) matcher.matches = (m) => guarded(() => matchPrefix(m.name), false)
  return matcher
}

/** Whether a target matches a module and no ignore entry does; compiling the entries takes longer than asking. */
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
