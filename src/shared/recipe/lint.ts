// Lint: all rules over one recipe. The command line, the language server and the tests call this and nothing else.
import { createContext } from './context.ts'
import type { LintContext } from './context.ts'
import { applyDisables } from './disable.ts'
import { readDocument } from './document.ts'
import type { RecipeDocument } from './document.ts'
import { noFacts } from './facts.ts'
import type { LintFacts } from './facts.ts'
import type { Finding, Range, Severity } from './finding.ts'
import { dialectNames } from './foreign/dialect.ts'
import type { Dialect } from './foreign/dialect.ts'
import type { LintOther, Report, Rule } from './rule.ts'
import { ruleIds } from './ruleIds.ts'
import { rules } from './rules/index.ts'

export interface LintOptions {
  /** Of the text, where the caller has read it already. */
  document?: RecipeDocument
  facts?: LintFacts
  /** Other severities by rule id; `off` leaves a rule out. */
  severities?: Readonly<Record<string, Severity | 'off'>>
}

export interface LintResult {
  document: RecipeDocument
  context: LintContext
  /** The tool whose recipe this is; null for ours. */
  dialect: Dialect | null
  /** In the order of the text. */
  findings: Finding[]
}

/** Never throws, whatever the text. */
export function lint(text: string, options: LintOptions = {}): LintResult {
  const document = options.document ?? readDocument(text)
  const context = createContext(document, options.facts ?? noFacts)
  const { dialect } = context
  // Broken YAML has no value: only the rules that look at the text itself can say something.
  const applicable = rules.filter((r) =>
    dialect ? r.foreign !== undefined : r.foreign !== 'only' && (document.value !== undefined || r.id.startsWith('Y')),
  )
  const lintOther: LintOther = (recipe) => lint(JSON.stringify(recipe), { facts: options.facts }).findings
  const found = applicable.flatMap((rule) => runRule(rule, context, lintOther))
  if (dialect) found.push(foreignFile(document, dialect))
  const kept = applyDisables(document, withoutEchoes(found), ruleIds)
  const findings = kept.flatMap((f) => withSeverity(f, options.severities ?? {})).sort(byPosition)
  return { document, context, dialect, findings }
}

/** More than anybody reads; a file can have a hundred thousand mistakes. */
const mostOfARule = 200

function runRule(rule: Rule, context: LintContext, lintOther: LintOther): Finding[] {
  const findings: Finding[] = []
  for (const report of rule.check(context, lintOther)) {
    if (report.from?.some((path) => context.isUnsure(path))) continue
    const full = findings.length === mostOfARule
    findings.push({
      rule: rule.id,
      severity: report.severity ?? rule.severity,
      message: full ? `And more of the same kind (rule ${rule.id}): mend these first.` : report.message,
      range: rangeOf(context.document, report.at),
      fixes: full ? [] : (report.fixes ?? []).filter((f) => f.edits.length > 0),
    })
    if (full) break
  }
  return findings
}

function withSeverity(finding: Finding, severities: Readonly<Record<string, Severity | 'off'>>): Finding[] {
  const severity = Object.hasOwn(severities, finding.rule) ? severities[finding.rule] : finding.severity
  return severity === 'off' ? [] : [{ ...finding, severity }]
}

function rangeOf(document: RecipeDocument, at: Report['at']): Range {
  if ('start' in at) return at
  return 'key' in at ? document.rangeOf(at.key, 'key') : document.rangeOf(at)
}

const general: ReadonlySet<string> = new Set(['S1', 'S7', 'T1'])
const explaining = new Set(rules.filter((r) => r.explains).map((r) => r.id))

/** "Unknown key", "wrong value" and "matches nothing" are said only where no other rule knows better. */
function withoutEchoes(findings: readonly Finding[]): Finding[] {
  const place = (f: Finding) => JSON.stringify(f.range)
  const explained = new Set(findings.filter((f) => explaining.has(f.rule)).map(place))
  return findings.filter((f) => !general.has(f.rule) || !explained.has(place(f)))
}

function foreignFile(document: RecipeDocument, dialect: Dialect): Finding {
  return {
    rule: 'X4',
    severity: 'info',
    message: `This is ${dialectNames[dialect]}: "Convert to SparseScope recipe", or \`sparsescope import\`, makes a recipe of it.`,
    range: document.rangeOf([], 'value'),
    fixes: [],
  }
}

function byPosition(a: Finding, b: Finding): number {
  return (
    a.range.start.line - b.range.start.line ||
    a.range.start.character - b.range.start.character ||
    a.rule.localeCompare(b.rule)
  )
}
