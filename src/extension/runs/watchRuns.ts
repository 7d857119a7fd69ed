// Finds the runs of the workspace and follows those that another process writes.
import * as vscode from 'vscode'
import { dirname } from 'node:path'
import { eventsOfRuns, findRuns } from './findRuns.ts'
import type { RunStore } from './runStore.ts'

export function watchRuns(store: RunStore): vscode.Disposable {
  const refresh = (uri: vscode.Uri) => void store.refresh(dirname(uri.fsPath))
  void findRuns(store)
  const watcher = vscode.workspace.createFileSystemWatcher(eventsOfRuns)
  return vscode.Disposable.from(
    watcher,
    watcher.onDidCreate(refresh),
    watcher.onDidChange(refresh),
    watcher.onDidDelete((uri) => store.forget(dirname(uri.fsPath))),
  )
}
