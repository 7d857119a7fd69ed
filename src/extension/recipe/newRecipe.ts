// New Recipe: an unsaved recipe for a model of the workspace; without a model, an outline.
import * as vscode from 'vscode'
import { recipeLanguage } from '../contributions.ts'
import type { Models } from '../models/models.ts'
import { pickModel } from '../models/pickModel.ts'
import type { FactsThread } from '../support/factsThread.ts'
import { draftRecipe, openDraft } from './draftRecipe.ts'
import { outlineText } from './outlineText.ts'

/** `model`: index or weights file; asked for when there are several. False when the person left. */
export async function newRecipe(models: Models, thread: FactsThread, model?: vscode.Uri): Promise<boolean> {
  const { workspace, hub } = await models.find()
  if (!model && workspace.length + hub.length === 0) {
    const outline = await vscode.workspace.openTextDocument({ language: recipeLanguage, content: outlineText })
    await vscode.window.showTextDocument(outline)
    return true
  }
  const only = workspace.length === 1 ? workspace[0].uri : undefined
  const weights = (model ?? only)?.fsPath ?? (await pickModel(models))
  if (!weights) return false
  await openDraft(await draftRecipe(weights, thread), (document) => vscode.window.showTextDocument(document))
  return true
}
