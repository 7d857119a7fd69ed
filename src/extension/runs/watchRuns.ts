// Finds the runs of the workspace and follows those that another process writes.
import * as vscode from 'vscode'
import { basename, dirname } from 'node:path'
import type { RunStore } from './runStore.ts'

const pattern = '**/.sparsescope/runs/*/events.jsonl'
/** Newest first: older ones are opened from their folder. */
const mostRuns = 100
const mostFound = 5000

export function watchRuns(store: RunStore): vscode.Disposable {
  const refresh = (uri: vscode.Uri) => void store.refresh(dirname(uri.fsPath))
  // Hidden folders are searched too: `null` turns the user's exclusions off for this one search.
  void vscode.workspace.findFiles(pattern, null, mostFound).then(async (found) => {
    // Names of run folders begin with their time.
    const newest = found.sort((a, b) => nameOf(b).localeCompare(nameOf(a))).slice(0, mostRuns)
    // One after the other: each may be long, and all at once would be in the editor's memory together.
    for (const uri of newest) await store.refresh(dirname(uri.fsPath))
  })
  const watcher = vscode.workspace.createFileSystemWatcher(pattern)
  return vscode.Disposable.from(
    watcher,
    watcher.onDidCreate(refresh),
    watcher.onDidChange(refresh),
    watcher.onDidDelete((uri) => store.forget(dirname(uri.fsPath))),
  )
}

function nameOf(events: vscode.Uri): string {
  return basename(dirname(events.fsPath))
}
