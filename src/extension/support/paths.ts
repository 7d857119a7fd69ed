// Short texts for places.
import * as vscode from 'vscode'
import { dirname } from 'node:path'

/** Folder of a file, relative to its workspace folder; empty at the top of the only one. */
export function placeOf(uri: vscode.Uri): string {
  const place = dirname(vscode.workspace.asRelativePath(uri))
  return place === '.' ? '' : place
}

// VS Code replaces `${…}` in what a task is made of, its arguments and working directory included; for `${command:…}` it runs
// the command. Nothing escapes it, so that a path which contains one cannot be handed to a task.

/** Whether a task may get another text than this one. */
export function hasVariable(text: string): boolean {
  return text.includes('${')
}
