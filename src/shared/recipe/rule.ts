// The shape of a lint rule: a pure function from a recipe and the facts about its surroundings to reports.
import type { Path } from './document.ts'
import type { Finding, Fix, Range, Severity } from './finding.ts'
import type { LintContext } from './context.ts'
import type { Recipe } from './schema.ts'

/** What a rule has to look at besides the recipe's text. */
export type Need = 'model' | 'data' | 'machine' | 'output'

export interface Report {
  /** Where: a path in the recipe, its key, or a range of the text. */
  at: Path | { key: Path } | Range
  /** What is wrong here and how to mend it. */
  message: string
  fixes?: Fix[]
  /** Where it differs from the rule's. */
  severity?: Severity
  /** Settings, written or not, that it concludes from. Where one is misspelt, nothing is concluded: see `isUnsure`. */
  from?: readonly Path[]
}

export interface Rule {
  readonly id: string
  readonly severity: Severity
  readonly needs?: Need
  /** Recipes of other tools: rules run on ours only unless they say so. */
  readonly foreign?: 'too' | 'only'
  /** Says better what is wrong with a key, value or target than S1, S7 and T1, which then are silent there. */
  readonly explains?: true
  /** One line, as in a table of contents. */
  readonly title: string
  /** Why it matters, for the documentation: Markdown. */
  readonly why: string
  /** A recipe (without `version` and `model`) in which the rule fires, and one in which it does not; in the documentation and in tests. */
  readonly bad: string
  readonly good: string
  check(context: LintContext, lintOther: LintOther): Iterable<Report>
}

/** What all rules say of another recipe, in the same surroundings: the runs that a sweep stands for. */
export type LintOther = (recipe: Recipe) => readonly Finding[]

/** Keeps the literal checked where it is written. */
export function defineRule(rule: Rule): Rule {
  return rule
}
