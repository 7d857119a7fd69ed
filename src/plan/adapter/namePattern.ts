// The patterns of PEFT's `rank_pattern` and `alpha_pattern`: the first key that the end of a module's name matches wins
// (peft.utils.other.get_pattern_key).
import { FormatError, quoted } from '../../errors.ts'
import { PatternError, prefixMatcher } from '../../recipe/pattern.ts'

/** Each is tried on every module, where literal names are looked up. */
const mostExpressions = 64

/** The value for a module, or `otherwise`. @throws FormatError for expressions that cannot be used. */
export function createNamePattern(pattern: ReadonlyMap<string, number>, otherwise: number): (name: string) => number {
  const literal = new Map<string, { order: number; value: number }>()
  const expressions: { order: number; value: number; matches: (name: string) => boolean }[] = []
  for (const [order, [key, value]] of [...pattern].entries()) {
    if (/^[\w.-]+$/.test(key)) literal.set(key, { order, value })
    else expressions.push({ order, value, matches: expressionOf(key) })
  }
  if (expressions.length > mostExpressions)
    throw new FormatError(
      `has ${expressions.length} regular expressions in a pattern; at most ${mostExpressions} are read`,
    )
  return (name) => {
    let first = { order: Infinity, value: otherwise }
    for (let at = 0; at >= 0; at = nextPart(name, at)) {
      const found = literal.get(name.slice(at))
      if (found && found.order < first.order) first = found
    }
    for (const { order, value, matches } of expressions)
      if (order < first.order && matches(name)) first = { order, value }
    return first.value
  }
}

function nextPart(name: string, at: number): number {
  const dot = name.indexOf('.', at)
  return dot < 0 ? -1 : dot + 1
}

function expressionOf(key: string): (name: string) => boolean {
  try {
    prefixMatcher(key)
    return prefixMatcher(`(.*\\.)?(${key})$`)
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    throw new FormatError(`has the pattern ${quoted(key)}, which ${error.message}`)
  }
}
