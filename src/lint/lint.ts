// Lint: all rules over one recipe. The command line, the language server and the tests call this and nothing else.
import { readDocument, type RecipeDocument } from '../recipe/document.ts'
import { noFacts, type LintFacts } from '../recipe/facts.ts'
import type { Finding, Severity } from '../recipe/finding.ts'
import { pathAt } from '../recipe/pathAt.ts'
import { createContext, type LintContext } from './context.ts'
import { withoutDisabled } from './disable.ts'
import type { AllRules, Report, Rule } from './rule.ts'
import { findRule, rules } from './rules.ts'

/** By name or old id of a rule; `off` leaves it out. */
export type Severities = Readonly<Record<string, Severity | 'off'>>

export interface LintOptions {
  /** The parsed text, where the caller has it already. */
  document?: RecipeDocument
  facts?: LintFacts
  severities?: Severities
}

export interface LintResult {
  document: RecipeDocument
  context: LintContext
  /** Findings in the order of the text. */
  findings: Finding[]
}

/** Never throws, whatever the text. */
export function lint(
  text: string,
  { document = readDocument(text), facts, severities = {} }: LintOptions = {},
): LintResult {
  const context = createContext(document, facts ?? noFacts)
  // Broken YAML has no value: only the rules that look at the text itself can say something.
  const applicable = rules.filter(({ needs }) => document.value !== undefined || needs === 'text')
  const all: AllRules = {
    lint: (recipe) => lint(JSON.stringify(recipe), { facts }).findings,
    has: (word) => findRule(word) !== null,
  }
  const found = applicable.flatMap((rule) => runRule(rule, context, all))
  const changed = new Map(Object.entries(severities).map(([word, severity]) => [findRule(word)?.name, severity]))
  const findings = withoutDisabled(document, withoutEchoes(found)).flatMap((finding): Finding[] => {
    const severity = changed.get(finding.name) ?? finding.severity
    return severity === 'off' ? [] : [{ ...finding, severity }]
  })
  return { document, context, findings: findings.sort(byPosition) }
}

/** More than anybody reads; a file can have a hundred thousand mistakes. */
const mostOfARule = 200

function runRule(rule: Rule, context: LintContext, all: AllRules): Finding[] {
  const findings: Finding[] = []
  for (const report of rule.check(context, all)) {
    if (report.from?.some((path) => context.isUnsure(path) || context.isSwept(path))) continue
    if ((report.severity ?? rule.severity) !== 'error' && isOfSwept(report, context)) continue
    const full = findings.length === mostOfARule
    findings.push({
      rule: rule.alias,
      name: rule.name,
      severity: report.severity ?? rule.severity,
      message: full ? `And more of the same kind (rule ${rule.name}): mend these first.` : report.message,
      ...placeOf(context.document, report.at),
      fixes: full ? [] : (report.fixes ?? []).filter((f) => f.edits.length > 0),
    })
    if (full) break
  }
  return findings
}

/** An error of the recipe by itself refuses its sweep too. */
function isOfSwept({ at }: Report, context: LintContext): boolean {
  return !('start' in at) && context.isSwept('key' in at ? at.key : at)
}

function placeOf(document: RecipeDocument, at: Report['at']): Pick<Finding, 'path' | 'range'> {
  if ('start' in at) return { path: pathAt(document, document.offset(at.start)) ?? [], range: at }
  return 'key' in at
    ? { path: at.key, range: document.rangeOf(at.key, 'key') }
    : { path: at, range: document.rangeOf(at) }
}

const namesWith = (voice: Rule['voice']): ReadonlySet<string> =>
  new Set(rules.filter((rule) => rule.voice === voice).map(({ name }) => name))
const [general, explaining] = [namesWith('general'), namesWith('explains')]

/** "Unknown key", "wrong value" and "matches nothing" are said only where no other rule knows better. */
function withoutEchoes(findings: readonly Finding[]): Finding[] {
  const place = ({ range }: Finding) => JSON.stringify(range)
  const explained = new Set(findings.filter(({ name }) => explaining.has(name)).map(place))
  return findings.filter((finding) => !general.has(finding.name) || !explained.has(place(finding)))
}

function byPosition(a: Finding, b: Finding): number {
  return (
    a.range.start.line - b.range.start.line ||
    a.range.start.character - b.range.start.character ||
    a.rule.localeCompare(b.rule)
  )
}
