// The open recipes of a model; the user chooses among several.
import * as vscode from 'vscode'
import { dirname } from 'node:path'
import { isHubName, modelPath } from '../../engine/checkpoint/hubCache.ts'
import { locate, nameOfWeights } from '../../engine/checkpoint/locate.ts'
import { fieldsOf } from '../../catalog/formats/json.ts'
import { readDocument } from '../../recipe/document.ts'
import { recipeLanguage } from '../contributions.ts'

/** `weights`: index or weights file. Those in sight come first. */
export async function openRecipesOf(weights: string): Promise<vscode.TextDocument[]> {
  const found: vscode.TextDocument[] = []
  const own = await nameOfWeights(weights)
  for (const document of recipesInTabs()) {
    // One with errors is still this model's.
    const { model } = fieldsOf(readDocument(document.getText()).value)
    if (typeof model !== 'string') continue
    const path = modelPath(dirname(document.uri.fsPath), model)
    // A model of the Hub is at its snapshot; without a snapshot it is another model.
    const place = isHubName(path)
      ? await locate(path).then(
          ({ folder }) => folder,
          () => '',
        )
      : path
    if (place === own || place === weights) found.push(document)
  }
  return found
}

/** Documents in visible tabs: not those that VS Code holds in the background, and not the recipe in a run's folder. */
function recipesInTabs(): vscode.TextDocument[] {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs)
  const open = new Set(
    tabs.flatMap(({ input }) => (input instanceof vscode.TabInputText ? [input.uri.toString()] : [])),
  )
  const visible = vscode.window.visibleTextEditors.map(({ document }) => document)
  return [...new Set([...visible, ...vscode.workspace.textDocuments])].filter(
    ({ languageId, uri }) =>
      languageId === recipeLanguage && open.has(uri.toString()) && !uri.path.includes('/.sparsescope/'),
  )
}
