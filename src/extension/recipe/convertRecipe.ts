// Makes a recipe of another tool's, in a new file beside it, and opens that. The language server offers the same as an edit, but it
// runs only where a recipe of ours was opened, and looks at files whose names say that they are recipes.
import * as vscode from 'vscode'
import { basename } from 'node:path'
import { convertedPlace } from '../../shared/recipe/foreign/dialect.ts'
import { importRecipe } from '../../shared/recipe/foreign/importRecipe.ts'

const t = vscode.l10n.t

export async function convertRecipe(source: vscode.Uri): Promise<void> {
  const document = await vscode.workspace.openTextDocument(source)
  const imported = importRecipe(document.getText())
  if ('problem' in imported) throw new Error(`${basename(source.path)}: ${imported.problem}`)
  const target = source.with({ path: convertedPlace(source.path) })
  const edit = new vscode.WorkspaceEdit()
  edit.createFile(target, { overwrite: false, ignoreIfExists: false })
  edit.insert(target, new vscode.Position(0, 0), imported.text)
  if (!(await vscode.workspace.applyEdit(edit)))
    throw new Error(t('{0} exists already, and nothing is ever overwritten.', basename(target.path)))
  await vscode.window.showTextDocument(target)
}
