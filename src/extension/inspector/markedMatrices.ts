// Copies the matrices marked on the map as a line of a recipe, or adds them to an open recipe of the model, as targets or ignore of an
// entry under prune. Targets are made here, because the pattern matcher would double the page's script.
import * as vscode from 'vscode'
import { basename, dirname } from 'node:path'
import { moduleOfWeight } from '../../catalog/families/parameters.ts'
import { fieldsOf, isRecord } from '../../catalog/formats/json.ts'
import { readDocument, type Path } from '../../recipe/document.ts'
import { flowText, setKey } from '../../recipe/edits.ts'
import { targetsFor } from '../../recipe/targetsFor.ts'
import type { FromInspector } from '../../protocol/view.ts'
import type { ModelSession } from './modelSession.ts'
import { isHubName, modelPath } from '../../engine/checkpoint/hubCache.ts'
import { locate, nameOfWeights } from '../../engine/checkpoint/locate.ts'
import { recipeLanguage } from '../contributions.ts'

const t = vscode.l10n.t

interface Place extends vscode.QuickPickItem {
  readonly document: vscode.TextDocument
  readonly entry: Path
  readonly key: 'targets' | 'ignore'
}

/** `names`: names of the marked weights. The targets match these and no other linear module of the blocks. */
export async function useMarked(
  session: Pick<ModelSession, 'path' | 'known'>,
  { as, names }: Pick<Extract<FromInspector, { type: 'useMarked' }>, 'as' | 'names'>,
): Promise<void> {
  const { model } = await session.known()
  const modules = model.tensors.flatMap(({ name: weight, role, block }) =>
    role === 'linear' && block !== null ? [{ name: moduleOfWeight(weight), className: 'Linear', block }] : [],
  )
  const targets = targetsFor(names.map(moduleOfWeight), modules)
  if (as === 'recipe') return putIntoRecipe(session.path, targets)
  await vscode.env.clipboard.writeText(`${as}: [${targets.map((one) => JSON.stringify(one)).join(', ')}]`)
}

/** Asks for the entry and for targets or ignore; nothing changes when the user cancels. */
async function putIntoRecipe(weights: string, targets: readonly string[]): Promise<void> {
  const places = (await openRecipesOf(weights)).flatMap(placesIn)
  if (places.length === 0) {
    const none = t('No open recipe of this model has an entry under prune. Open one, or write one with Prune….')
    return void vscode.window.showInformationMessage(none)
  }
  const place = await vscode.window.showQuickPick(places, {
    placeHolder: t('Entry that gets the marked matrices'),
    matchOnDescription: true,
  })
  if (!place) return
  const { document, entry, key } = place
  const edit = new vscode.WorkspaceEdit()
  // The text may have changed while the question was open, and an alias has no keys of its own.
  const edits = setKey(readDocument(document.getText()), entry, key, flowText([...targets]))
  if (edits.length === 0) {
    const copy = t(
      'This entry under prune is an alias or has changed: copy the line, and add it where the entry is defined.',
    )
    return void vscode.window.showInformationMessage(copy)
  }
  for (const { range, newText } of edits)
    edit.replace(
      document.uri,
      new vscode.Range(range.start.line, range.start.character, range.end.line, range.end.character),
      newText,
    )
  await vscode.workspace.applyEdit(edit)
  await vscode.window.showTextDocument(document, { preview: false, viewColumn: vscode.ViewColumn.Beside })
}

function placesIn(document: vscode.TextDocument): Place[] {
  const { prune } = fieldsOf(readDocument(document.getText()).value)
  const entries: unknown[] = Array.isArray(prune) ? prune : []
  return entries.flatMap((value, i): Place[] => {
    if (!isRecord(value)) return []
    const { method } = value
    const name = typeof method === 'string' ? method : t('no method')
    const description = t('{0}, entry {1}: {2}', basename(document.uri.path), i + 1, name)
    const at = { document, entry: ['prune', i], description }
    return [
      { ...at, key: 'targets', label: t('Prune only these') },
      { ...at, key: 'ignore', label: t('Leave these alone') },
    ]
  })
}

/** Open recipes of a model, the visible ones first. `weights`: its index or weights file. */
export async function openRecipesOf(weights: string): Promise<vscode.TextDocument[]> {
  const found: vscode.TextDocument[] = []
  const own = await nameOfWeights(weights)
  for (const document of recipesInTabs()) {
    // Only `model` is read, so that recipes with errors are found too.
    const { model } = fieldsOf(readDocument(document.getText()).value)
    if (typeof model !== 'string') continue
    const path = modelPath(dirname(document.uri.fsPath), model)
    // A Hub model is identified by its snapshot folder; one without a snapshot cannot be this model.
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

/** Recipes in tabs, without documents that VS Code holds in the background and recipes inside run folders. */
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
