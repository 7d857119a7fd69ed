// Defaults of a recipe for a model, from what is known before any question: the model's header, and the texts near it.
import * as vscode from 'vscode'
import { statSync } from 'node:fs'
import { totalmem } from 'node:os'
import { basename, dirname, isAbsolute, join, parse, relative } from 'node:path'
import { nameOfWeights } from '../../engine/checkpoint/locate.ts'
import { isWeights, modelLabel } from '../../catalog/formats/checkpointFormats.ts'
import type { FactsThread, ModelFacts } from '../support/factsThread.ts'
import { canRetrain, firstChoices, leastTextBytes, textRank } from '../../recipe/writing/choices.ts'
import type { RecipeChoices } from '../../recipe/writing/recipeText.ts'

export interface RecipeStart {
  /** Folder that the recipe is written to and its paths are relative to. */
  folder: string
  /** Short name of the model, for files made from it. */
  name: string
  facts: ModelFacts
  choices: RecipeChoices
  /** The whole model fits into this machine's memory to be trained. */
  canRetrain: boolean
}

/** `weights`: index or weights file of the model. */
export async function recipeStart(weights: string, thread: Pick<FactsThread, 'read'>): Promise<RecipeStart> {
  const model = await nameOfWeights(weights)
  const folder = recipeFolder(dirname(weights))
  const facts = await thread.read(weights)
  const label = modelLabel(model).split('/').at(-1) ?? 'model'
  const name = isWeights(label) ? parse(label).name : label
  const choices = firstChoices(toRecipePath(folder, model), facts, totalmem())
  return { folder, name, facts, choices, canRetrain: canRetrain(facts, totalmem()) }
}

/** The folder beside the model; a snapshot in a cache of other tools is no place for recipes. */
function recipeFolder(model: string): string {
  const cached = basename(dirname(model)) === 'snapshots'
  return cached ? (vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? dirname(model)) : dirname(model)
}

/** Texts below a folder, those whose name says that nothing is trained on them last. */
export async function findTexts(folder: string): Promise<vscode.Uri[]> {
  const pattern = new vscode.RelativePattern(vscode.Uri.file(folder), '**/*.{jsonl,jsonl.gz,txt,parquet}')
  const found = await vscode.workspace.findFiles(pattern, '**/{node_modules,.sparsescope}/**', 40)
  const rank = ({ fsPath }: vscode.Uri) => textRank(fsPath.replaceAll('\\', '/'))
  return found.sort((a, b) => rank(a) - rank(b) || a.fsPath.localeCompare(b.fsPath))
}

export function isCorpus({ fsPath }: vscode.Uri): boolean {
  return bytesOf(fsPath) >= leastTextBytes
}

/** 0 of a file that is not there. */
export function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/** A path as a recipe has it: relative where that is short, with forward slashes: recipes travel between systems. */
export function toRecipePath(folder: string, path: string): string {
  const way = relative(folder, path)
  const far = way === '' || isAbsolute(way) || way.startsWith(join('..', '..'))
  if (far) return path
  return (way.startsWith('..') ? way : `./${way}`).replaceAll('\\', '/')
}
