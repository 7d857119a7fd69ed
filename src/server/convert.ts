// Findings in the shapes of the language server protocol.
import { DiagnosticSeverity, DiagnosticTag } from 'vscode-languageserver/node'
import type { Diagnostic } from 'vscode-languageserver/node'
import type { Finding, Severity } from '../shared/recipe/finding.ts'
import type { RuleLink } from './ruleLinks.ts'

const severities: Record<Severity, DiagnosticSeverity> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
}

export const diagnosticSource = 'sparsescope'

/** Rules about something that could as well be left out: shown faded. */
const unnecessary = new Set(['S6', 'M2'])

export function toDiagnostic(finding: Finding, linkOf: RuleLink): Diagnostic {
  const { rule, severity, message, range } = finding
  const href = linkOf(rule)
  return {
    range,
    message,
    severity: severities[severity],
    source: diagnosticSource,
    code: rule,
    ...(href !== null && { codeDescription: { href } }),
    ...(unnecessary.has(rule) && { tags: [DiagnosticTag.Unnecessary] }),
  }
}
