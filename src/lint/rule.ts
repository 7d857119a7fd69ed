// The shape of a lint rule: a pure function from a recipe and the facts about its surroundings to reports.
import type { Path } from '../recipe/document.ts'
import type { Finding, Fix, Range, Severity } from '../recipe/finding.ts'
import type { Recipe } from '../recipe/schema.ts'
import type { LintContext } from './context.ts'

/** A rule's inputs besides the recipe's value. A rule about the text also runs where the YAML is broken. */
export type Need = 'text' | 'model' | 'data' | 'machine' | 'output'

export interface Report {
  /** Place of the finding: a path in the recipe, its key, or a range of the text. */
  at: Path | { key: Path } | Range
  /** Says what is wrong here and how to fix it. */
  message: string
  /** Fixes that would change nothing in this text are left out. */
  fixes?: Fix[]
  /** Set where it differs from the rule's severity. */
  severity?: Severity
  /** Settings, written or not, that it concludes from. Where one is misspelt, nothing is concluded: see `isUnsure`. */
  from?: readonly Path[]
}

/** Parts of the documentation, by the letter that the short ids of their rules begin with. */
export const topics = {
  Y: 'YAML',
  S: 'Keys and values',
  T: 'Targets',
  N: 'Sparsity and patterns',
  M: 'Data',
  R: 'Recovery',
  L: 'Training settings',
  C: 'The checkpoint',
  G: 'Resources',
} as const

export type Topic = keyof typeof topics

/** A rule as its file has it; the file's name is the rule's. */
export interface RuleFile {
  /** The rule's short id, `L1`; for a rule without one, the letter of its part of the documentation. */
  readonly id: `${Topic}${number}` | Topic
  readonly severity: Severity
  readonly needs?: Need
  /** `general`: silent where a rule that `explains` says better what is wrong with the same key, value or target. */
  readonly voice?: 'general' | 'explains'
  /** Whether its only fix writes what the text can only mean: editors may apply it at each save. Other fixes are suggestions. */
  readonly hasSafeFix?: true
  /** Whether the text at the finding has no effect, so that editors show it faded. */
  readonly unnecessary?: true
  /** One line, as in a table of contents. */
  readonly title: string
  /** Why it matters, for the documentation: Markdown. */
  readonly why: string
  /** A recipe (without `version` and `model`) in which the rule fires, and one in which it does not; in the documentation and in tests. */
  readonly bad: string
  readonly good: string
  check(context: LintContext, all: AllRules): Iterable<Report>
}

export interface Rule extends RuleFile {
  /** `lr-off-grid`. */
  readonly name: string
  /** The short id, `L1`, or the name of a rule that has none. */
  readonly alias: string
  readonly topic: Topic
}

/** Questions that a rule may ask of the whole set of rules. */
export interface AllRules {
  /** Findings for another recipe in the same surroundings: a run of a sweep. */
  lint(recipe: Recipe): readonly Finding[]
  /** Whether a rule has this name or id. */
  has(word: string): boolean
}
