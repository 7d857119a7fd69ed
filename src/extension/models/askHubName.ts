// Asks for the name of a model on the Hub.
import * as vscode from 'vscode'
import { isHubName, parseHubName } from '../../engine/checkpoint/hubCache.ts'
import { messageOf } from '../../errors.ts'

/** `given`: a name to start with. `withFile`: one of its files may be named after #. undefined when the person leaves. */
export async function askHubName(
  texts: { title: string; prompt: string; placeHolder?: string; withFile?: boolean },
  given: string,
): Promise<string | undefined> {
  const typed = await vscode.window.showInputBox({
    placeHolder: 'facebook/opt-125m',
    ...texts,
    value: isHubName(given) ? given.slice(3) : given,
    ignoreFocusOut: true,
    validateInput: (text) => problemOf(texts.withFile ? text.replace(/#.*/, '') : text),
  })
  return typed?.trim() || undefined
}

function problemOf(text: string): string | undefined {
  if (text.trim() === '') return undefined
  try {
    parseHubName(text.trim())
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}
