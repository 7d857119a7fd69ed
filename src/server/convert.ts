// Findings in the shapes of the language server protocol.
import { DiagnosticSeverity, DiagnosticTag } from 'vscode-languageserver/node'
import type { Diagnostic } from 'vscode-languageserver/node'
import type { Finding, Severity } from '../recipe/finding.ts'
import { findRule } from '../lint/lint.ts'
import type { RuleLink } from './ruleLinks.ts'

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
