// Comments that switch rules off, each with a reason:
//   # sparsescope-disable L1, M3: a small model needs a larger rate     (whole file)
//   # sparsescope-disable-next-line L1: …                               (the line after)
import type { RecipeDocument } from './document.ts'
import type { Finding } from './finding.ts'

interface Disable {
  rules: string[]
  /** Zero-based; null: the whole file. */
  line: number | null
}

const comment = /^[ \t]*#[ \t]*sparsescope-disable(-next-line)?\b[ \t]*([^:\n]*)(?::[ \t]*(\S[^\n]*))?$/gm

/** The rules that comments of a recipe switch off, in the whole file or in a line of it, each with a reason. */
export function disabledRules(text: string): string[] {
  const lists = [...text.matchAll(comment)].flatMap(([, , list, reason]) => (reason === undefined ? [] : [list]))
  return [...new Set(lists.flatMap(idsIn))]
}

function idsIn(list: string): string[] {
  return list
    .split(/[\s,]+/)
    .filter((id) => id !== '')
    .map((id) => id.toUpperCase())
}

/** Takes out disabled findings; adds one (Y7) for each comment without a reason or with an unknown rule. */
export function applyDisables(
  document: RecipeDocument,
  findings: readonly Finding[],
  known: ReadonlySet<string>,
): Finding[] {
  const disables: Disable[] = []
  const complaints: Finding[] = []
  for (const match of document.text.matchAll(comment)) {
    const [whole, next, list, reason] = match
    const rules = idsIn(list)
    const unknown = rules.filter((id) => !known.has(id))
    const complain = (message: string) =>
      complaints.push({
        rule: 'Y7',
        severity: 'warning',
        message,
        range: document.range(match.index, match.index + whole.length),
        fixes: [],
      })
    if (rules.length === 0) complain('Name the rules that this comment disables: `sparsescope-disable L1: reason`.')
    else if (unknown.length > 0) complain(`There is no rule ${unknown.join(', ')}.`)
    else if (reason === undefined)
      complain('Give the reason: `sparsescope-disable L1: reason`. Without one it has no effect.')
    else disables.push({ rules, line: next ? document.position(match.index).line + 1 : null })
  }
  const off = (f: Finding) =>
    disables.some((d) => d.rules.includes(f.rule) && (d.line === null || d.line === f.range.start.line))
  return [...findings.filter((f) => !off(f)), ...complaints]
}
