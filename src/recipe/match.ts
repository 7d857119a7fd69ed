// Which modules `targets` and `ignore` name; the semantics of compressed-tensors' match.py: the class name, the exact
// module name, or `re:` and a regular expression that must match the name from its start, like Python's re.match.
import { PatternError, prefixMatcher } from './pattern.ts'

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
