// Lint with the facts of the disk: what `sparsescope lint`, dry runs and the language server do.
import type { LintFacts } from '../../shared/recipe/facts.ts'
import type { Severity } from '../../shared/recipe/finding.ts'
import { lint } from '../../shared/recipe/lint.ts'
import type { LintResult } from '../../shared/recipe/lint.ts'
import { gatherFacts } from './gatherFacts.ts'

export interface LintTextOptions {
  /** Folder that the recipe's paths are relative to. */
  folder: string
  gpu?: boolean | null
  severities?: Readonly<Record<string, Severity | 'off'>>
}

/** Lints `text` twice: once for the paths in it, once with what lies there. Never throws for any text or file. */
export async function lintText(
  text: string,
  options: LintTextOptions,
): Promise<LintResult & { facts: LintFacts | null }> {
  const { folder, gpu = null, severities } = options
  const first = lint(text, { severities })
  if (first.dialect !== null || first.document.value === undefined) return { ...first, facts: null }
  const facts = await gatherFacts(first.context.resolved, folder, gpu)
  return { ...lint(text, { facts, severities }), facts }
}
