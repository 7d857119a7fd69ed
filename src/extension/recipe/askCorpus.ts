// Quick picks in steps with a back button, among them that of the calibration text.
import * as vscode from 'vscode'
import { basename } from 'node:path'
import { findTexts } from './recipeDefaults.ts'

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

/** Path of a text that the user browses for; undefined: cancelled. */
export async function browseText(folder: string): Promise<string | undefined> {
  const filters = { [t('Text or token ids')]: ['jsonl', 'gz', 'txt', 'parquet', 'safetensors'] }
  const chosen = await vscode.window.showOpenDialog({ defaultUri: vscode.Uri.file(folder), filters })
  return chosen?.at(0)?.fsPath
}

/** As `browseText`, of a folder. */
export async function browseFolder(folder: string, title?: string): Promise<string | undefined> {
  const only = { title, canSelectFiles: false, canSelectFolders: true }
  const chosen = await vscode.window.showOpenDialog({ defaultUri: vscode.Uri.file(folder), ...only })
  return chosen?.at(0)?.fsPath
}

/** What a step returns: its answer, `back`, or null when it was closed. */
export type Answer<T> = { value: T } | 'back' | null

export interface Choice<T> extends vscode.QuickPickItem {
  value: T
}

interface StepFrame {
  title: string
  step: number
  total: number
}

export function pickOne<T>(frame: StepFrame, placeholder: string, items: Choice<T>[]): Promise<Answer<T>> {
  const pick = vscode.window.createQuickPick<Choice<T>>()
  pick.items = items
  pick.matchOnDescription = true
  return show(pick, frame, placeholder, () => pick.selectedItems.at(0)?.value)
}

interface StepInput extends vscode.QuickInput {
  placeholder: string | undefined
  buttons: readonly vscode.QuickInputButton[]
  onDidAccept: vscode.Event<void>
  onDidTriggerButton: vscode.Event<vscode.QuickInputButton>
}

/** `read` returns undefined while the answer is not acceptable. */
function show<T>(
  input: StepInput,
  frame: StepFrame,
  placeholder: string,
  read: () => T | undefined,
): Promise<Answer<T>> {
  input.title = frame.title
  input.step = frame.step
  input.totalSteps = frame.total
  input.placeholder = placeholder
  input.ignoreFocusOut = true
  input.buttons = frame.step > 1 ? [vscode.QuickInputButtons.Back] : []
  return new Promise((resolve) => {
    const finish = (answer: Answer<T>) => {
      resolve(answer)
      input.dispose()
    }
    input.onDidAccept(() => {
      const value = read()
      if (value !== undefined) finish({ value })
    })
    input.onDidTriggerButton((button) => {
      if (button === vscode.QuickInputButtons.Back) finish('back')
    })
    input.onDidHide(() => finish(null))
    input.show()
  })
}
