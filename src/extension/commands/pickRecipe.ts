// Finds the recipe of a command: the one that was clicked or is open, else one of the workspace's.
import * as vscode from 'vscode'
import { basename } from 'node:path'
import { placeOf } from '../support/paths.ts'
import { recipeTarget } from './targets.ts'

const t = vscode.l10n.t
const most = 200

/** Undefined when the person leaves, or when there is none: then writing one is offered. */
export async function recipeOrPick(argument: unknown, title: string): Promise<vscode.Uri | undefined> {
  const target = recipeTarget(argument)
  if (target) return target
  const found = await vscode.workspace.findFiles('**/*.prune.{yaml,yml}', '**/{node_modules,.sparsescope}/**', most)
  if (found.length === 0) return void offerNew()
  const items = found
    .map((uri) => ({
      label: `$(list-selection) ${basename(uri.fsPath)}`,
      description: placeOf(uri),
      uri,
    }))
    .sort((a, b) => a.label.localeCompare(b.label, 'en', { numeric: true }))
  const chosen = await vscode.window.showQuickPick(items, { title, placeHolder: t('Which recipe?') })
  return chosen?.uri
}

/** A run reads the file. A recipe that has none yet is asked for its name; undefined when the person declines. */
export async function savedRecipe(recipe: vscode.Uri): Promise<vscode.Uri | undefined> {
  const open = vscode.workspace.textDocuments.find((d) => d.uri.toString() === recipe.toString())
  return open?.isDirty || open?.isUntitled ? vscode.workspace.save(recipe) : recipe
}

async function offerNew(): Promise<void> {
  const write = t('New Recipe')
  const text = t('There is no recipe (*.prune.yaml) in this workspace yet.')
  const chosen = await vscode.window.showInformationMessage(text, write)
  if (chosen === write) await vscode.commands.executeCommand('sparsescope.newRecipe')
}
