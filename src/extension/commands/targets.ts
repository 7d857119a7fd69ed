// The target of a command: what was clicked, else what is active.
import * as vscode from 'vscode'
import { join } from 'node:path'
import { locate } from '../../engine/checkpoint/locate.ts'
import { recipeLanguage } from '../contributions.ts'
import type { InspectorEditors } from '../inspector/inspectorEditor.ts'
import { pickModel } from '../models/pickModel.ts'
import type { ModelEntry, Models } from '../models/models.ts'
import type { QueuedRun } from '../runs/runQueue.ts'

/** Path of a checkpoint: from Explorer, a tree, the active inspector, or asked for. */
export async function modelTarget(
  argument: unknown,
  models: Models,
  inspectors: InspectorEditors | null,
): Promise<string | undefined> {
  const uri = argument instanceof vscode.Uri ? argument : isModelEntry(argument) ? argument.uri : undefined
  return uri?.fsPath ?? inspectors?.active?.path ?? pickModel(models)
}

/** The checkpoint that was clicked, or is in the active inspector; a file of another kind is none. */
export function checkpointTarget(argument: unknown, inspectors: InspectorEditors | null): vscode.Uri | undefined {
  if (isModelEntry(argument)) return argument.uri
  if (argument instanceof vscode.Uri) return weights.test(argument.path) ? argument : undefined
  const path = argument === undefined ? inspectors?.active?.path : undefined
  return path === undefined ? undefined : vscode.Uri.file(path)
}

const weights = /\.(safetensors|bin|pt|pth)$|\.index\.json$/i

/** The file that the inspector opens for a folder: its index or its weights. Says why when it holds none. */
export async function weightsOf(path: string): Promise<vscode.Uri> {
  const { folder, entry } = await locate(path)
  return vscode.Uri.file(join(folder, entry))
}

/** A recipe: what was clicked, or the one in the editor or in the tab in front. */
export function recipeTarget(argument: unknown): vscode.Uri | undefined {
  if (argument instanceof vscode.Uri) return argument
  // The language server's lenses send the address as text.
  if (typeof argument === 'string')
    // A document that was never saved has a scheme too; one letter and a colon is a drive.
    return /^[a-z][\w+.-]+:/i.test(argument) ? vscode.Uri.parse(argument) : vscode.Uri.file(argument)
  const document = vscode.window.activeTextEditor?.document
  if (document) return document.languageId === recipeLanguage ? document.uri : undefined
  const uri = textInFront()
  return uri && isRecipeName(uri.path) ? uri : undefined
}

/** The text in the active editor, or in the tab in front: it is there before its text is read, which on a busy machine takes longer than calling a command. */
function textInFront(): vscode.Uri | undefined {
  const tab = vscode.window.tabGroups.activeTabGroup.activeTab?.input
  return vscode.window.activeTextEditor?.document.uri ?? (tab instanceof vscode.TabInputText ? tab.uri : undefined)
}

const isRecipeName = (path: string) => /[./]prune\.ya?ml$/i.test(path)

export function runTarget(argument: unknown): string | undefined {
  const has = typeof argument === 'object' && argument !== null && 'folder' in argument
  return has && typeof argument.folder === 'string' ? argument.folder : undefined
}

/** The folder of a sweep, from the tree or from its view. */
export function sweepTarget(argument: unknown): string | undefined {
  const has = typeof argument === 'object' && argument !== null && 'sweep' in argument
  return has && typeof argument.sweep === 'string' ? argument.sweep : undefined
}

/** A run of the tree that waits: it has no folder. */
export function isQueued(argument: unknown): argument is QueuedRun {
  return typeof argument === 'object' && argument !== null && 'behind' in argument && 'cancel' in argument
}

/** The argument that VS Code gives to a command of a webview's context menu. */
export function tensorTarget(argument: unknown): string | undefined {
  const has = typeof argument === 'object' && argument !== null && 'tensor' in argument
  return has && typeof argument.tensor === 'string' ? argument.tensor : undefined
}

function isModelEntry(argument: unknown): argument is ModelEntry {
  return typeof argument === 'object' && argument !== null && 'uri' in argument && argument.uri instanceof vscode.Uri
}
