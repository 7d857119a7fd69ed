// Quick fixes, fix all, and disable with a reason.
import { CodeActionKind } from 'vscode-languageserver/node'
import type { CodeAction, CodeActionContext, Range, WorkspaceEdit } from 'vscode-languageserver/node'
import type { TextDocument } from 'vscode-languageserver-textdocument'
import type { Finding, TextEdit } from '../../recipe/finding.ts'
import { findRule } from '../../lint/lint.ts'
import { isInsideText } from '../../recipe/document.ts'
import type { Analysis } from '../analyses.ts'
import { isHubName } from '../../engine/checkpoint/hubCache.ts'
import { toDiagnostic } from '../diagnostics.ts'

export const codeActionKinds = [CodeActionKind.QuickFix, CodeActionKind.SourceFixAll]

export function codeActions(
  document: TextDocument,
  analysis: Analysis,
  range: Range,
  context: CodeActionContext,
): CodeAction[] {
  const wanted = (kind: string) => !context.only || context.only.some((k) => kind === k || kind.startsWith(`${k}.`))
  const actions: CodeAction[] = []
  if (wanted(CodeActionKind.QuickFix)) {
    const here = analysis.findings.filter((f) => overlaps(f.range, range))
    // The menu shows the actions in this order: disabling a rule comes last.
    actions.push(
      ...here.flatMap((f) => [...quickFixes(document, f), ...pullModel(analysis, f)]),
      ...here.flatMap((f) => disable(document, analysis, f)),
    )
  }
  if (wanted(CodeActionKind.SourceFixAll)) actions.push(...fixAll(document, analysis))
  return actions
}

function overlaps(a: Range, b: Range): boolean {
  const before = (x: Range['start'], y: Range['start']) =>
    x.line < y.line || (x.line === y.line && x.character <= y.character)
  return before(a.start, b.end) && before(b.start, a.end)
}

function change(document: TextDocument, edits: TextEdit[]): WorkspaceEdit {
  return { changes: { [document.uri]: edits } }
}

function quickFixes(document: TextDocument, finding: Finding): CodeAction[] {
  return finding.fixes.map((fix, i) => ({
    title: fix.title,
    kind: CodeActionKind.QuickFix,
    diagnostics: [toDiagnostic(finding, () => null)],
    isPreferred: i === 0 && hasSafeFix(finding),
    edit: change(document, fix.edits),
  }))
}

/** Offers to pull a model that is not in the Hub's cache yet. The editor asks before it downloads anything. */
function pullModel({ context, facts }: Analysis, finding: Finding): CodeAction[] {
  const model = context.get(['model'])
  const absent = facts?.model?.problems.some(
    ({ rule, message }) => rule === finding.name && message === finding.message,
  )
  if (typeof model !== 'string' || !isHubName(model) || !absent || facts?.model?.config) return []
  return [
    {
      title: `Pull ${model.slice(3)} from the Hub…`,
      kind: CodeActionKind.QuickFix,
      diagnostics: [toDiagnostic(finding, () => null)],
      command: { title: 'Pull from the Hub', command: 'sparsescope.pull', arguments: [model] },
    },
  ]
}

/** Offers to disable a rule for a line, except where the comment would become part of a multi-line string. */
function disable(document: TextDocument, { context }: Analysis, finding: Finding): CodeAction[] {
  const { line } = finding.range.start
  const at = { line, character: 0 }
  if (isInsideText(context.document, document.offsetAt(at))) return []
  const indent = /^[ \t]*/.exec(document.getText({ start: at, end: { line: line + 1, character: 0 } }))
  const newText = `${indent?.[0] ?? ''}# sparsescope-disable-next-line ${finding.name}: say why\n`
  return [
    {
      title: `Disable ${finding.name} for this line`,
      kind: CodeActionKind.QuickFix,
      diagnostics: [toDiagnostic(finding, () => null)],
      edit: change(document, [{ range: { start: at, end: at }, newText }]),
    },
  ]
}

/** Whether the finding has one fix, which the editor may apply without a question. */
function hasSafeFix({ name, fixes }: Finding): boolean {
  return fixes.length === 1 && findRule(name)?.hasSafeFix === true
}

/** Applies every safe fix; if two would change the same text, only the first. */
function fixAll(document: TextDocument, { findings }: Analysis): CodeAction[] {
  const edits: TextEdit[] = []
  for (const { fixes } of findings.filter(hasSafeFix)) {
    const free = fixes[0].edits.every((e) => !edits.some((other) => overlaps(e.range, other.range)))
    if (free) edits.push(...fixes[0].edits)
  }
  if (edits.length === 0) return []
  return [{ title: 'Apply all safe fixes', kind: CodeActionKind.SourceFixAll, edit: change(document, edits) }]
}
