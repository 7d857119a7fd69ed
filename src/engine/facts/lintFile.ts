// Lint with the facts of the disk: what `sparsescope lint`, dry runs and the language server do.
import { createContext } from '../../lint/context.ts'
import { readRepaired } from '../../lint/fixSyntax.ts'
import { noFacts } from '../../recipe/facts.ts'
import type { LintFacts } from '../../recipe/facts.ts'
import type { Severity } from '../../recipe/finding.ts'
import { lint } from '../../lint/lint.ts'
import type { LintResult } from '../../lint/lint.ts'
import { gatherFacts } from './gatherFacts.ts'

export interface LintTextOptions {
  /** Folder that the recipe's paths are relative to; null: it has none, so nothing outside the text is looked at. */
  folder: string | null
  gpu?: boolean | null
  /** Memory that a run may use; default: half of what is free. */
  memoryBytes?: number
  severities?: Readonly<Record<string, Severity | 'off'>>
}

/** Reads what the recipe names, then lints `text` with it. Never throws for any text or file. */
export async function lintText(
  text: string,
  options: LintTextOptions,
): Promise<LintResult & { facts: LintFacts | null }> {
  const { folder, severities } = options
  const document = readRepaired(text)
  const { resolved } = createContext(document, noFacts)
  if (folder === null || document.value === undefined) return { ...lint(text, { document, severities }), facts: null }
  const facts = await gatherFacts(resolved, { ...options, folder })
  return { ...lint(text, { document, facts, severities }), facts }
}
