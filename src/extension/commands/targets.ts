// Targets of commands: the clicked item, else the active one; and the parts of the extension that commands use.
import * as vscode from 'vscode'
import { basename, join } from 'node:path'
import { locate } from '../../engine/checkpoint/locate.ts'
import { fieldsOf } from '../../catalog/formats/json.ts'
import { type CommandId, recipeLanguage } from '../contributions.ts'
import type { InspectorEditors } from '../inspector/inspectorEditor.ts'
import { pickModel } from '../models/modelLists.ts'
import { placeOf, type ModelEntry, type Models } from '../models/models.ts'
import type { QueuedRun } from '../runs/runQueue.ts'
import type { ComparePanels } from '../views/comparePanels.ts'
import type { Runner } from '../runs/runner.ts'
import type { RunPanels } from '../runs/runPanels.ts'
import type { RunStore } from '../runs/runStore.ts'
import type { Services } from '../services.ts'
import type { SweepPanels } from '../sweeps/sweepPanels.ts'
import type { Sweeps } from '../sweeps/sweeps.ts'

/** Path of a checkpoint: from Explorer, a tree, the active inspector, or a question. */
export async function modelTarget(
  argument: unknown,
  models: Models,
  inspectors: InspectorEditors | null,
): Promise<string | undefined> {
  const uri = argument instanceof vscode.Uri ? argument : isModelEntry(argument) ? argument.uri : undefined
  return uri?.fsPath ?? inspectors?.active?.path ?? pickModel(models)
}

/** The clicked checkpoint, or that of the active inspector; undefined for another kind of file. */
export function checkpointTarget(argument: unknown, inspectors: InspectorEditors | null): vscode.Uri | undefined {
  if (isModelEntry(argument)) return argument.uri
  if (argument instanceof vscode.Uri) return weights.test(argument.path) ? argument : undefined
  const path = argument === undefined ? inspectors?.active?.path : undefined
  return path === undefined ? undefined : vscode.Uri.file(path)
}

const weights = /\.(safetensors|bin|pt|pth)$|\.index\.json$/i

/** The file that the inspector opens for a checkpoint: its index or its weights. @throws EngineError when there is none. */
export async function weightsOf(path: string): Promise<vscode.Uri> {
  const { folder, entry } = await locate(path)
  return vscode.Uri.file(join(folder, entry))
}

/** The clicked recipe, or the one in the active editor or tab. */
export function recipeTarget(argument: unknown): vscode.Uri | undefined {
  if (argument instanceof vscode.Uri) return argument
  // The language server's lenses send the address as text.
  if (typeof argument === 'string')
    // An unsaved document has a URI scheme too (`untitled:`); a single letter before a colon is a Windows drive.
    return /^[a-z][\w+.-]+:/i.test(argument) ? vscode.Uri.parse(argument) : vscode.Uri.file(argument)
  const document = vscode.window.activeTextEditor?.document
  if (document) return document.languageId === recipeLanguage ? document.uri : undefined
  const uri = textInFront()
  return uri && isRecipeName(uri.path) ? uri : undefined
}

/** The document in the active editor, or else in the active tab: a tab exists before its document is loaded into an editor. */
function textInFront(): vscode.Uri | undefined {
  const tab = vscode.window.tabGroups.activeTabGroup.activeTab?.input
  return vscode.window.activeTextEditor?.document.uri ?? (tab instanceof vscode.TabInputText ? tab.uri : undefined)
}

const isRecipeName = (path: string) => /[./]prune\.ya?ml$/i.test(path)

export function runTarget(argument: unknown): string | undefined {
  const has = typeof argument === 'object' && argument !== null && 'folder' in argument
  return has && typeof argument.folder === 'string' ? argument.folder : undefined
}

/** Run folders: all that are selected in the tree or in the table of a view, which passes `folders`; else the one under the pointer. */
export function runTargets(argument: unknown, all: unknown): string[] {
  const { folders } = fieldsOf(argument)
  if (Array.isArray(folders)) return folders.filter((folder) => typeof folder === 'string')
  return (Array.isArray(all) ? all : [argument]).flatMap((item: unknown) => runTarget(item) ?? [])
}

/** The folder of a sweep, from the tree or from its view. */
export function sweepTarget(argument: unknown): string | undefined {
  const has = typeof argument === 'object' && argument !== null && 'sweep' in argument
  return has && typeof argument.sweep === 'string' ? argument.sweep : undefined
}

/** Whether the argument is a waiting run of the tree, which has no folder yet. */
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

const t = vscode.l10n.t
const most = 200

/**
 * The recipe of a command: the clicked or open one, else one of the workspace that the user picks. Undefined when the user cancels
 * or there is no recipe; without a recipe, offers to write one.
 */
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

/** A run reads the file, so an unsaved recipe is saved first; undefined: the user cancelled. */
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

/** The parts of the extension that commands use. */
export interface Parts {
  services: Services
  inspectors: InspectorEditors
  comparePanels: ComparePanels
  runPanels: RunPanels
  runStore: RunStore
  runner: Runner
  sweeps: Sweeps
  sweepPanels: SweepPanels
  models: Models
}

/** Arguments come from VS Code, lenses and other extensions: each command checks its own. */
export type Handler = (...args: unknown[]) => Promise<unknown> | unknown
export type Handlers = Partial<Record<CommandId, Handler>>
