// Quick picks in a row, with a way back: each step returns its answer, `back`, or nothing when it was closed.
import * as vscode from 'vscode'

export type Answer<T> = { value: T } | 'back' | null

export interface Choice<T> extends vscode.QuickPickItem {
  value: T
}

export interface StepFrame {
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
