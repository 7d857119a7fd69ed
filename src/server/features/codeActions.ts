// Quick fixes, fix all, disable with a reason, and conversion of other tools' recipes.
import { CodeActionKind } from 'vscode-languageserver/node'
import type { CodeAction, CodeActionContext, Range, WorkspaceEdit } from 'vscode-languageserver/node'
import type { TextDocument } from 'vscode-languageserver-textdocument'
import type { Finding, TextEdit } from '../../shared/recipe/finding.ts'
import { isInsideText } from '../../shared/recipe/document.ts'
import { convertedPlace, convertTitle } from '../../shared/recipe/foreign/dialect.ts'
import { importRecipe } from '../../shared/recipe/foreign/importRecipe.ts'
import type { Analysis } from '../analyses.ts'
import { isHubName } from '../../engine/checkpoint/hubCache.ts'
import { toDiagnostic } from '../convert.ts'

export const codeActionKinds = [CodeActionKind.QuickFix, CodeActionKind.SourceFixAll, CodeActionKind.RefactorRewrite]

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
    // The order is that of the menu: to silence a finding comes last.
    actions.push(
      ...(here.length > 0 ? convertForeign(document, analysis, CodeActionKind.QuickFix) : []),
      ...here.flatMap((f) => [...quickFixes(document, analysis, f), ...pullModel(analysis, f)]),
      ...here.flatMap((f) => disable(document, analysis, f)),
    )
  }
  if (wanted(CodeActionKind.SourceFixAll)) actions.push(...fixAll(document, analysis))
  const isOffered = actions.some(({ title }) => title === convertTitle)
  if (wanted(CodeActionKind.RefactorRewrite) && !isOffered)
    actions.push(...convertForeign(document, analysis, CodeActionKind.RefactorRewrite))
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

function quickFixes(document: TextDocument, { dialect }: Analysis, finding: Finding): CodeAction[] {
  // What is wrong with another tool's recipe matters less than that it can be converted.
  const isOwn = dialect === null
  return finding.fixes.map((fix, i) => ({
    title: fix.title,
    kind: CodeActionKind.QuickFix,
    diagnostics: [toDiagnostic(finding, () => null)],
    isPreferred: isOwn && i === 0 && finding.fixes.length === 1,
    edit: change(document, fix.edits),
  }))
}

/** A model that is not in the Hub's cache yet: the editor asks before it downloads anything. */
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

/** No action is offered where a comment would become part of a text that goes on over lines. */
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

/** The only fix of every finding that has one; where two would touch the same text, the first. */
function fixAll(document: TextDocument, { findings }: Analysis): CodeAction[] {
  const edits: TextEdit[] = []
  for (const { fixes } of findings) {
    if (fixes.length !== 1) continue
    const free = fixes[0].edits.every((e) => !edits.some((other) => overlaps(e.range, other.range)))
    if (free) edits.push(...fixes[0].edits)
  }
  if (edits.length === 0) return []
  return [{ title: 'Fix all that has one fix', kind: CodeActionKind.SourceFixAll, edit: change(document, edits) }]
}

/** A new file beside the old one, which stays as it is. */
function convertForeign(document: TextDocument, { dialect, findings }: Analysis, kind: CodeActionKind): CodeAction[] {
  if (dialect === null) return []
  const imported = importRecipe(document.getText())
  if ('problem' in imported) return []
  const uri = convertedPlace(document.uri)
  const start = { line: 0, character: 0 }
  return [
    {
      title: convertTitle,
      kind,
      ...(kind === CodeActionKind.QuickFix && {
        isPreferred: true,
        diagnostics: findings.filter(({ name }) => name === 'foreign-recipe').map((f) => toDiagnostic(f, () => null)),
      }),
      edit: {
        documentChanges: [
          { kind: 'create', uri, options: { overwrite: false, ignoreIfExists: false } },
          { textDocument: { uri, version: null }, edits: [{ range: { start, end: start }, newText: imported.text }] },
        ],
      },
    },
  ]
}
