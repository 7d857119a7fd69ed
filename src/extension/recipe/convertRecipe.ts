// Makes a recipe of another tool's: the language server offers the edit, here it is applied and the new file opened.
import * as vscode from 'vscode'
import { basename } from 'node:path'
import { convertTitle } from '../../shared/recipe/foreign/dialect.ts'

const t = vscode.l10n.t

export async function convertRecipe(source: vscode.Uri): Promise<void> {
  const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
    'vscode.executeCodeActionProvider',
    source,
    new vscode.Range(0, 0, 0, 0),
    vscode.CodeActionKind.RefactorRewrite.value,
  )
  const edit = actions.find(({ title }) => title === convertTitle)?.edit
  if (!edit) throw new Error(t('{0} is no recipe that can be converted.', basename(source.fsPath)))
  const [target] = edit.entries().map(([uri]) => uri)
  if (!(await vscode.workspace.applyEdit(edit)))
    throw new Error(t('{0} exists already, and nothing is ever overwritten.', basename(target.fsPath)))
  await vscode.window.showTextDocument(target)
}
