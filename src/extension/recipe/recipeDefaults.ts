// Defaults of a recipe for a model, from its header and the texts near it.
import * as vscode from 'vscode'
import { existsSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, parse, relative, resolve } from 'node:path'
import { nameOfWeights } from '../../engine/checkpoint/locate.ts'
import { isWeights, modelLabel } from '../../catalog/formats/checkpointFormats.ts'
import { machineMemoryBytes } from '../../engine/machine.ts'
import type { FactsThread, ModelFacts } from '../support/factsThread.ts'
import { bytesPerToken } from '../../plan/textTokens.ts'
import type { Recipe } from '../../recipe/schema.ts'
import {
  canRetrain,
  firstChoices,
  freeOutput,
  leastTextBytes,
  textRank,
  type RecipeChoices,
} from '../../recipe/writing/choices.ts'
import { recipeOf } from '../../recipe/writing/recipeOf.ts'

const t = vscode.l10n.t

export interface RecipeStart {
  /** Folder that the recipe is written to and its paths are relative to. */
  folder: string
  /** Short name of the model, for files made from it. */
  name: string
  facts: ModelFacts
  choices: RecipeChoices
  /** This machine has enough memory to train the whole model. */
  canRetrain: boolean
}

/** `weights`: index or weights file of the model. */
export async function recipeStart(weights: string, thread: Pick<FactsThread, 'read'>): Promise<RecipeStart> {
  const model = await nameOfWeights(weights)
  const folder = recipeFolder(dirname(weights))
  const facts = await thread.read(weights)
  const label = modelLabel(model).split('/').at(-1) ?? 'model'
  const name = isWeights(label) ? parse(label).name : label
  const memory = machineMemoryBytes()
  const choices = firstChoices(toRecipePath(folder, model), facts, memory)
  return { folder, name, facts, choices, canRetrain: canRetrain(facts, memory) }
}

/** The chosen recipe, with a default name for the result, and its path. */
export function writtenOf(
  choices: RecipeChoices,
  { folder, name, facts }: Pick<RecipeStart, 'folder' | 'name' | 'facts'>,
): { recipe: Recipe; saveTo: string } {
  const saveTo = choices.save.to?.trim() || freeOutput(name, choices, (file) => existsSync(join(folder, file)))
  const heldOut = choices.evaluate.data.at(0)
  const bytes = heldOut === undefined ? 0 : bytesOf(resolve(folder, heldOut))
  const evaluationTokens = bytes > 0 ? bytes / bytesPerToken : null
  return { recipe: recipeOf(choices, { saveTo, blocks: facts.blocks, evaluationTokens }), saveTo }
}

/** Folder for a recipe beside the model's folder; for a model in the Hub's cache, the first workspace folder if there is one. */
function recipeFolder(model: string): string {
  const cached = basename(dirname(model)) === 'snapshots'
  return cached ? (vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? dirname(model)) : dirname(model)
}

/** Texts below a folder; those whose names mark them as held out come last. */
export async function findTexts(folder: string): Promise<vscode.Uri[]> {
  const pattern = new vscode.RelativePattern(vscode.Uri.file(folder), '**/*.{jsonl,jsonl.gz,txt,parquet}')
  const found = await vscode.workspace.findFiles(pattern, '**/{node_modules,.sparsescope}/**', 40)
  const rank = ({ fsPath }: vscode.Uri) => textRank(fsPath.replaceAll('\\', '/'))
  return found.sort((a, b) => rank(a) - rank(b) || a.fsPath.localeCompare(b.fsPath))
}

export function isCorpus({ fsPath }: vscode.Uri): boolean {
  return bytesOf(fsPath) >= leastTextBytes
}

/** Size of a file; 0 if it does not exist. */
export function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/** A path as written in a recipe: relative if that is short, with forward slashes, so that the recipe works on other systems. */
export function toRecipePath(folder: string, path: string): string {
  const way = relative(folder, path)
  const far = way === '' || isAbsolute(way) || way.startsWith(join('..', '..'))
  if (far) return path
  return (way.startsWith('..') ? way : `./${way}`).replaceAll('\\', '/')
}

/** Path of a text that the user browses for; undefined: cancelled. */
export async function browseText(folder: string): Promise<string | undefined> {
  const filters = { [t('Text or token ids')]: ['jsonl', 'gz', 'txt', 'parquet', 'safetensors'] }
  const chosen = await vscode.window.showOpenDialog({ defaultUri: vscode.Uri.file(folder), filters })
  return chosen?.at(0)?.fsPath
}

/** Same as `browseText`, for a folder. */
export async function browseFolder(folder: string, title?: string): Promise<string | undefined> {
  const only = { title, canSelectFiles: false, canSelectFolders: true }
  const chosen = await vscode.window.showOpenDialog({ defaultUri: vscode.Uri.file(folder), ...only })
  return chosen?.at(0)?.fsPath
}
