// Paths of files: as a short text, and as part of a task.
import * as vscode from 'vscode'
import { dirname } from 'node:path'

/** Folder of a file, relative to its workspace folder; empty at the top of the only one. */
export function placeOf(uri: vscode.Uri): string {
  const place = dirname(vscode.workspace.asRelativePath(uri))
  return place === '.' ? '' : place
}

/**
 * Whether a task may get another text than this one. VS Code replaces `${…}` in arguments and working directories of tasks, and for
 * `${command:…}` runs the command; nothing escapes it.
 */
export function hasVariable(text: string): boolean {
  return text.includes('${')
}
