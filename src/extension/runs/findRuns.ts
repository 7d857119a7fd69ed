// The runs of the workspace that the store does not know yet. Watchers miss folders that came before they had begun,
// and all where the system has no watch left; opening the list of runs finds them.
import * as vscode from 'vscode'
import { basename, dirname } from 'node:path'
import { inTurns } from '../../runs/reader/inTurns.ts'
import type { RunStore } from './runStore.ts'

const eventsOfRuns = '**/.sparsescope/runs/*/events.jsonl'
/** Newest first: older ones are opened from their folder. */
const mostRuns = 100
const mostFound = 5000
const atATime = 8

export async function findRuns(store: RunStore): Promise<void> {
  // Hidden folders are searched too: `null` turns the user's exclusions off for this one search.
  const found = await vscode.workspace.findFiles(eventsOfRuns, null, mostFound)
  // Names of run folders begin with their time.
  const newest = found
    .map(({ fsPath }) => dirname(fsPath))
    .sort((a, b) => basename(b).localeCompare(basename(a)))
    .slice(0, mostRuns)
  const unknown = newest.filter((folder) => !store.get(folder))
  await inTurns(unknown, atATime, async (folder) => void (await store.refresh(folder)))
}

/** Finds them, and follows those that another process writes. */
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
