// Asks for the calibration text: one of those near the model, or another.
import * as vscode from 'vscode'
import { basename } from 'node:path'
import { findTexts } from './recipeDefaults.ts'
import { pickOne, type Answer, type Choice, type StepFrame } from './steps.ts'

const t = vscode.l10n.t

/** Path of one of the texts `first`, of one below `parent`, or of one that was browsed for. */
export async function askCorpus(
  frame: StepFrame,
  parent: string,
  first: readonly Choice<string>[] = [],
): Promise<Answer<string>> {
  const found = await findTexts(parent)
  const others = found.map((uri) => ({
    label: basename(uri.fsPath),
    description: vscode.workspace.asRelativePath(uri),
    value: uri.fsPath,
  }))
  const items: Choice<string | null>[] = [
    ...first,
    ...others.filter(({ value }) => first.every((one) => one.value !== value)),
  ]
  items.push({ label: t('$(folder-opened) Another file…'), value: null })
  const answer = await pickOne(frame, t('Text to calibrate on'), items)
  if (answer === null || answer === 'back') return answer
  const path = answer.value ?? (await browseText(parent))
  return path ? { value: path } : null
}

/** Path of a text that is no known one; undefined when the person left. */
export async function browseText(folder: string): Promise<string | undefined> {
  const filters = { [t('Text or token ids')]: ['jsonl', 'gz', 'txt', 'parquet', 'safetensors'] }
  const chosen = await vscode.window.showOpenDialog({ defaultUri: vscode.Uri.file(folder), filters })
  return chosen?.at(0)?.fsPath
}

/** As `browseText`, of a folder. */
export async function browseFolder(folder: string): Promise<string | undefined> {
  const only = { canSelectFiles: false, canSelectFolders: true }
  const chosen = await vscode.window.showOpenDialog({ defaultUri: vscode.Uri.file(folder), ...only })
  return chosen?.at(0)?.fsPath
}
