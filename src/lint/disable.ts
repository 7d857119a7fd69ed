// Which rules the comments of a recipe switch off.
import type { RecipeDocument } from '../recipe/document.ts'
import type { Finding } from '../recipe/finding.ts'
import { disablingComments } from './disablingComments.ts'
import { findRule } from './rules.ts'

/** Names of the rules that comments of a recipe switch off, in the whole file or in a line of it, each with a reason. */
export function disabledRules(text: string): string[] {
  const words = disablingComments(text).flatMap(({ words, reason }) => (reason === undefined ? [] : words))
  return [...new Set(namesOf(words))]
}

function namesOf(words: readonly string[]): string[] {
  return words.flatMap((word) => findRule(word)?.name ?? [])
}

/** Findings that no comment switches off. A comment with a mistake, about which there is a rule, switches nothing off. */
export function withoutDisabled(document: RecipeDocument, findings: readonly Finding[]): Finding[] {
  const disables = disablingComments(document.text).flatMap(({ words, reason, nextLine, start }) => {
    if (reason === undefined || !words.every(findRule)) return []
    return [{ names: namesOf(words), line: nextLine ? document.position(start).line + 1 : null }]
  })
  return findings.filter(
    ({ name, range }) =>
      !disables.some(({ names, line }) => names.includes(name) && (line === null || line === range.start.line)),
  )
}
