// Findings as diagnostics of the language server protocol, with links to docs/rules.md.
import { type Diagnostic, DiagnosticSeverity, DiagnosticTag } from 'vscode-languageserver/node'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Finding, Severity } from '../recipe/finding.ts'
import { findRule } from '../lint/lint.ts'

const severities: Record<Severity, DiagnosticSeverity> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
}

const diagnosticSource = 'sparsescope'

export function toDiagnostic(finding: Finding, linkOf: RuleLink): Diagnostic {
  const { name, severity, message, range } = finding
  const href = linkOf(name)
  return {
    range,
    message,
    severity: severities[severity],
    source: diagnosticSource,
    code: name,
    ...(href !== null && { codeDescription: { href } }),
    ...(findRule(name)?.unnecessary && { tags: [DiagnosticTag.Unnecessary] }),
  }
}

type RuleLink = (rule: string) => string | null

/** Links to lines of docs/rules.md in the extension, because editors can jump to lines; none without the page. `root`: extension folder. */
export function readRuleLinks(root: string): RuleLink {
  const path = join(root, 'docs', 'rules.md')
  const lines = new Map<string, number>()
  try {
    const text = readFileSync(path, 'utf8')
    for (const [i, line] of text.split('\n').entries()) {
      const heading = /^## ([a-z-]+)(?: |:)/.exec(line)
      if (heading) lines.set(heading[1], i + 1)
    }
  } catch {
    return () => null
  }
  const href = pathToFileURL(path).href
  return (rule) => (lines.has(rule) ? `${href}#L${lines.get(rule)}` : null)
}
