// Lint: all rules over one recipe, without the findings that its comments disable. The command line, the language server and the tests call this.
import { pathAt, readDocument, type RecipeDocument } from '../recipe/document.ts'
import { type LintFacts, noFacts } from '../recipe/facts.ts'
import type { Finding, Severity } from '../recipe/finding.ts'
import { createContext, type LintContext } from './context.ts'
import { type AllRules, type Report, type Rule, type RuleFile, type Topic, topics } from './rule.ts'
import { disablingComments } from './sourceText.ts'
import type { Recipe } from '../recipe/schema.ts'
import * as files from './rules/index.ts'

const order = Object.keys(topics) as Topic[]

/** All rules in the order of the documentation. `alias`: the rule's short id, such as `L1`, or its name if it has none. */
export const rules: readonly Rule[] = Object.entries<RuleFile>(files)
  .map(([name, file]): Rule => {
    const topic = file.id[0] as Topic
    return { ...file, name, topic, alias: file.id === topic ? name : file.id }
  })
  .sort((a, b) => order.indexOf(a.topic) - order.indexOf(b.topic) || numberOf(a) - numberOf(b))

/** Sorts rules without a number last. */
function numberOf({ id }: Rule): number {
  return Number(id.slice(1)) || Infinity
}

const byWord = new Map(rules.flatMap((rule) => [rule.name, rule.alias.toLowerCase()].map((word) => [word, rule])))

/** Finds a rule by its name or short id, in any case. */
export function findRule(word: string): Rule | null {
  return byWord.get(word.toLowerCase()) ?? null
}

/** By name or short id of a rule; `off` leaves it out. */
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

/** Most findings that are shown of one rule: a file can have a hundred thousand errors. */
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
      message: full ? `And more of the same kind (rule ${rule.name}): fix these first.` : report.message,
      ...placeOf(context.document, report.at),
      fixes: full ? [] : (report.fixes ?? []).filter((f) => f.edits.length > 0),
    })
    if (full) break
  }
  return findings
}

/** Whether a report is about a setting that a sweep varies. Errors are reported all the same, since they stop the sweep too. */
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

/** "Unknown key", "wrong value" and "matches nothing" are reported only where no more specific rule has a finding. */
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

/** Names of the rules that comments of a recipe switch off, in the whole file or in a line of it, each with a reason. */
export function disabledRules(text: string): string[] {
  const words = disablingComments(text).flatMap(({ words, reason }) => (reason === undefined ? [] : words))
  return [...new Set(namesOf(words))]
}

function namesOf(words: readonly string[]): string[] {
  return words.flatMap((word) => findRule(word)?.name ?? [])
}

/** Findings that no comment switches off. A comment with a mistake, about which there is a rule, switches nothing off. */
function withoutDisabled(document: RecipeDocument, findings: readonly Finding[]): Finding[] {
  const disables = disablingComments(document.text).flatMap(({ words, reason, nextLine, start }) => {
    if (reason === undefined || !words.every(findRule)) return []
    return [{ names: namesOf(words), line: nextLine ? document.position(start).line + 1 : null }]
  })
  return findings.filter(
    ({ name, range }) =>
      !disables.some(({ names, line }) => names.includes(name) && (line === null || line === range.start.line)),
  )
}

export interface ParsedRecipe {
  /** Null when there is an error among the findings. */
  recipe: Recipe | null
  document: RecipeDocument
  /** Findings, in the text's order, of every rule that needs no model, data or machine. */
  findings: Finding[]
}

/** Parses and validates; never throws. JSON is YAML, so a recipe may be JSON. */
export function parseRecipe(text: string): ParsedRecipe {
  const { document, context, findings } = lint(text)
  // A disabled error is still an error: only a value that the schema accepts is a recipe.
  const valid = document.value !== undefined && context.issues.length === 0
  const usable = valid && !findings.some((f) => f.severity === 'error')
  return { recipe: usable ? context.recipe : null, document, findings }
}
