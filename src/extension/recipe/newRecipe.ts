// New Recipe: an unsaved, complete and valid recipe for a model of the workspace, from defaults and the texts near the model. Without
// a model, an outline.
import * as vscode from 'vscode'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { freeName, recipeExtension, withTexts } from '../../recipe/writing/choices.ts'
import { recipeText } from '../../recipe/writing/recipeText.ts'
import { recipeLanguage } from '../contributions.ts'
import type { Models } from '../models/models.ts'
import { pickModel } from '../models/modelLists.ts'
import type { FactsThread } from '../support/factsThread.ts'
import { findTexts, isCorpus, recipeStart, toRecipePath, writtenOf } from './recipeDefaults.ts'
import { byMeasure } from '../../recipe/measured.ts'
import { methodNames } from '../../catalog/methods/methods.ts'

/** `model`: index or weights file; asks when there are several. False: the user cancelled. */
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
  await openDraft(await draftRecipe(weights, thread))
  return true
}

interface Draft {
  /** URI of an unsaved document with a path, relative to which paths in the recipe are completed and checked. */
  readonly uri: vscode.Uri
  readonly text: string
}

/** `weights`: index or weights file. */
async function draftRecipe(weights: string, thread: Pick<FactsThread, 'read'>): Promise<Draft> {
  const start = await recipeStart(weights, thread)
  const { folder } = start
  const texts = (await findTexts(folder)).filter(isCorpus).map(({ fsPath }) => toRecipePath(folder, fsPath))
  const { recipe, saveTo } = writtenOf(withTexts(start.choices, texts), start)
  const file = freeName(saveTo.slice(2), recipeExtension, (name) => existsSync(join(folder, name)))
  const uri = vscode.Uri.file(join(folder, file)).with({ scheme: 'untitled' })
  return { uri, text: recipeText(recipe) }
}

/** Shows the document of a draft, filled unless it was open before. */
async function openDraft({ uri, text }: Draft): Promise<void> {
  const editor = await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri))
  if (editor.document.getText() !== '') return
  await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), text))
  editor.selection = new vscode.Selection(0, 0, 0, 0)
}

const [method] = byMeasure(methodNames, 'unstructured')

/** The recipe where no model is known: short, complete, every line explained. */
export const outlineText = `# A SparseScope recipe: what to prune, how to recover it, how to measure it, where to save it.
# Save it as NAME.prune.yaml beside the model. Paths are relative to this file.
# For other editors: \`sparsescope schema > recipe.schema.json\`, and this as the first line:
# yaml-language-server: $schema=./recipe.schema.json
version: 1
model: ./my-model # a Hugging Face folder
prune:
  - method: ${method} # ${methodNames.join(' | ')}
    sparsity: 0.5 # share of the weights to prune
    # pattern: "2:4" # instead of a sparsity: two zeros in every four
calibration:
  data: ./data.jsonl # txt, jsonl(.gz), parquet, or token ids in safetensors
  samples: 128
  seq_len: 2048
seed: 0 # of everything that is drawn at random
recover:
  mode: reconstruct # block by block; or retrain: the whole model
  train: [bias, norm, mask_lora]
  steps: 200
evaluate:
  - task: perplexity
    data: ./held-out.txt
    seq_len: 2048
    at: [dense, pruned, recovered] # pruned: one more pruning pass, since blocks are recovered as they are pruned
    every: 8 # blocks: a quarter of 32, for the curve
save:
  to: ./my-model-${method}50 # must not exist yet
`
