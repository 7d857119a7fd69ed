// Problems that a plan finds in a recipe. Each is worded here and nowhere else: a run that is refused, a dry run, a
// sweep's plan and lint show the same sentence, and lint adds its place in the text.
import type { Path } from '../recipe/document.ts'
import type { Severity } from '../recipe/finding.ts'
import { recoveryPlace, type ResolvedRecipe } from '../recipe/resolve.ts'

export interface PlanFinding {
  /** Name of the lint rule that explains it. */
  readonly rule: string
  /** Path in the resolved recipe, where `recover` is a list. */
  readonly path: Path
  /** Says what is wrong and how to fix it. */
  readonly message: string
  readonly severity: Severity
  /** Whether a run refuses the recipe, because it cannot be computed. */
  readonly refused?: boolean
  /** Where to show the finding in a text that leaves the setting out. */
  readonly unwritten?: Path
  /** Other settings from which the finding follows. */
  readonly from?: readonly Path[]
  readonly fixes?: readonly Change[]
}

/** A change that fixes the recipe: a setting gets another value or one more item, or is removed (no value). */
export interface Change {
  readonly path: Path
  readonly value?: unknown
  readonly append?: true
  /** Default: what is written, or removed. */
  readonly title?: string
}

type More = Pick<PlanFinding, 'from' | 'fixes' | 'unwritten' | 'refused'>

export function refusal(rule: string, path: Path, message: string, more: More = {}): PlanFinding {
  return { rule, path, message, severity: 'error', refused: true, ...more }
}

export function warning(rule: string, path: Path, message: string, more: More = {}): PlanFinding {
  return { rule, path, message, severity: 'warning', ...more }
}

/** One line for people: `prune.0.pattern: …`. */
export function findingLine(recipe: ResolvedRecipe, { path: [top, ...rest], message }: PlanFinding): string {
  const place = top === 'recover' ? [recoveryPlace(recipe, Number(rest[0])), ...rest.slice(1)] : [top, ...rest]
  return `${place.join('.')}: ${message}`
}
