// What a command acts on: what was clicked, else what is active.
import * as vscode from 'vscode'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { recipeLanguage } from '../contributions.ts'
import type { InspectorEditors } from '../inspector/inspectorEditor.ts'
import type { ModelEntry } from '../models/modelTree.ts'

const weightFiles = ['model.safetensors.index.json', 'model.safetensors']

/** Path of a checkpoint: from Explorer, a tree, the active inspector, or asked for. */
export async function modelTarget(argument: unknown, inspectors: InspectorEditors): Promise<string | undefined> {
  const uri = argument instanceof vscode.Uri ? argument : isModelEntry(argument) ? argument.uri : undefined
  if (uri) return uri.fsPath
  if (inspectors.active) return inspectors.active.path
  const chosen = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Choose a checkpoint'),
    canSelectFolders: false,
    filters: { [vscode.l10n.t('Checkpoints')]: ['safetensors', 'json'] },
  })
  return chosen?.at(0)?.fsPath
}

/** The file that the inspector opens for a folder: its index or its weights. */
export async function weightsOf(path: string): Promise<vscode.Uri> {
  const uri = vscode.Uri.file(path)
  if (!statSync(path).isDirectory()) return uri
  for (const name of weightFiles) {
    const file = vscode.Uri.file(join(path, name))
    if (statSync(file.fsPath, { throwIfNoEntry: false })) return file
  }
  const found = await vscode.workspace.findFiles(new vscode.RelativePattern(uri, '*.safetensors'), null, 1)
  if (found.length > 0) return found[0]
  throw new Error(vscode.l10n.t('{0} holds no safetensors file.', path))
}

/** A recipe: what was clicked, or the one in the editor. */
export function recipeTarget(argument: unknown): vscode.Uri | undefined {
  if (argument instanceof vscode.Uri) return argument
  // The language server's lenses send the address as text.
  if (typeof argument === 'string')
    return argument.includes(':/') ? vscode.Uri.parse(argument) : vscode.Uri.file(argument)
  const document = vscode.window.activeTextEditor?.document
  return document?.languageId === recipeLanguage ? document.uri : undefined
}

export function runTarget(argument: unknown): string | undefined {
  const has = typeof argument === 'object' && argument !== null && 'folder' in argument
  return has && typeof argument.folder === 'string' ? argument.folder : undefined
}

/** What VS Code hands to a command of a webview's context menu. */
export function tensorTarget(argument: unknown): string | undefined {
  const has = typeof argument === 'object' && argument !== null && 'tensor' in argument
  return has && typeof argument.tensor === 'string' ? argument.tensor : undefined
}

function isModelEntry(argument: unknown): argument is ModelEntry {
  return typeof argument === 'object' && argument !== null && 'uri' in argument && argument.uri instanceof vscode.Uri
}
