// Mistakes of form as findings: YAML's own (Y1, Y6) and the schema's (S1, S4, S6, S7), one message each, at the key or the
// value that is wrong.
import type { z } from 'zod'
import type { RecipeDocument } from './document.ts'
import type { Finding } from './finding.ts'

type Issue = z.core.$ZodIssue

export function syntaxFindings(document: RecipeDocument): Finding[] {
  return document.problems.map((p) => ({
    rule: p.code === 'DUPLICATE_KEY' ? 'Y1' : 'Y6',
    severity: 'error',
    message: p.code === 'DUPLICATE_KEY' ? 'This key is here already: remove one of the two.' : `${p.message}.`,
    range: document.range(p.start, p.end),
    fixes: [],
  }))
}

export function schemaFindings(document: RecipeDocument, issues: readonly Issue[]): Finding[] {
  return issues.flatMap((issue): Finding[] => {
    const path = issue.path.filter((p) => typeof p !== 'symbol')
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        rule: 'S1',
        severity: 'error',
        message: `Unknown key ${key}.`,
        range: document.rangeOf([...path, key], 'key'),
        fixes: [],
      }))
    }
    return [{ rule: 'S7', severity: 'error', message: issue.message, range: document.rangeOf(path), fixes: [] }]
  })
}
