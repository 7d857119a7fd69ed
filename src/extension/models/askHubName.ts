// Asks for the name of a model on the Hub.
import * as vscode from 'vscode'
import { isHubName, parseHubName } from '../../engine/checkpoint/hubCache.ts'
import { messageOf } from '../support/log.ts'

/** `given`: a name to start with. undefined when the person leaves. */
export async function askHubName(
  texts: { title: string; prompt: string; placeHolder?: string },
  given: string,
): Promise<string | undefined> {
  const typed = await vscode.window.showInputBox({
    placeHolder: 'facebook/opt-125m',
    ...texts,
    value: isHubName(given) ? given.slice(3) : given,
    ignoreFocusOut: true,
    validateInput: problemOf,
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
