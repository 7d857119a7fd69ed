// Finds the runs of the workspace and follows those that another process writes.
import * as vscode from 'vscode'
import { dirname } from 'node:path'
import type { RunStore } from './runStore.ts'

const pattern = '**/.sparsescope/runs/*/events.jsonl'
const mostRuns = 500

export function watchRuns(store: RunStore): vscode.Disposable {
  const refresh = (uri: vscode.Uri) => void store.refresh(dirname(uri.fsPath))
  // Hidden folders are searched too: `null` turns the user's exclusions off for this one search.
  void vscode.workspace.findFiles(pattern, null, mostRuns).then((found) => found.forEach(refresh))
  const watcher = vscode.workspace.createFileSystemWatcher(pattern)
  return vscode.Disposable.from(
    watcher,
    watcher.onDidCreate(refresh),
    watcher.onDidChange(refresh),
    watcher.onDidDelete((uri) => store.forget(dirname(uri.fsPath))),
  )
}
