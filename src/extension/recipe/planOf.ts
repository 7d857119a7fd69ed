// The plan of a recipe as it is in the editor.
import * as vscode from 'vscode'
import type { PlannedText } from '../../plan/planSummary.ts'
import type { Services } from '../services.ts'

/** Saved or not. */
export async function planOf({ call }: Services, recipe: vscode.Uri): Promise<PlannedText> {
  const document = await vscode.workspace.openTextDocument(recipe)
  return call('plan', { recipe: recipe.fsPath, text: document.getText() })
}
