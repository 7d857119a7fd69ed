// An unsaved recipe for a model, complete and without an error: defaults, the texts near the model, and what is known already.
import * as vscode from 'vscode'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { freeName, freeOutput, recipeExtension, withTexts } from '../../shared/recipe/writing/choices.ts'
import { recipeText } from '../../shared/recipe/writing/recipeText.ts'
import type { FactsThread } from '../support/factsThread.ts'
import { findTexts, isCorpus, recipeStart } from './recipeDefaults.ts'
import { toRecipePath } from './recipePath.ts'
import type { Settled } from './settledBy.ts'

export interface Draft {
  /** Unsaved, but with a place: paths are completed and checked from there. */
  readonly uri: vscode.Uri
  readonly text: string
}

/** `weights`: index or weights file. */
export async function draftRecipe(
  weights: string,
  thread: Pick<FactsThread, 'read'>,
  settled: Settled = {},
): Promise<Draft> {
  const { folder, name, choices } = await recipeStart(weights, thread)
  const exists = (file: string) => existsSync(join(folder, file))
  const own = settled.data ? toRecipePath(folder, settled.data) : null
  const texts = (await findTexts(folder)).filter(isCorpus).map(({ fsPath }) => toRecipePath(folder, fsPath))
  // The text that is settled is not held out, whatever its name is.
  const filled = withTexts(choices, own === null ? texts : texts.filter((path) => path !== own))
  const text = own === null ? filled : { ...choices, evaluateOn: filled.evaluateOn, data: own }
  const chosen = { ...text, ...settled, data: text.data }
  const saveTo = freeOutput(name, chosen, exists)
  const file = freeName(saveTo.slice(2), recipeExtension, exists)
  const uri = vscode.Uri.file(join(folder, file)).with({ scheme: 'untitled' })
  return { uri, text: recipeText({ ...chosen, saveTo }) }
}

/** The document of a draft, filled unless it was open before. `show` puts it into an editor, without which an unsaved text is closed again. */
export async function openDraft(
  { uri, text }: Draft,
  show: (document: vscode.TextDocument) => Thenable<vscode.TextEditor>,
): Promise<vscode.TextDocument> {
  const opened = await vscode.workspace.openTextDocument(uri)
  const editor = await show(opened)
  const { document } = editor
  if (document.getText() === '') {
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), text))
    editor.selection = new vscode.Selection(0, 0, 0, 0)
  }
  return document
}
