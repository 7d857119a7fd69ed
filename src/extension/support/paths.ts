// Short texts for places.
import * as vscode from 'vscode'
import { dirname } from 'node:path'

/** Folder of a file, relative to its workspace folder; empty at the top of the only one. */
export function placeOf(uri: vscode.Uri): string {
  const place = dirname(vscode.workspace.asRelativePath(uri))
  return place === '.' ? '' : place
}
