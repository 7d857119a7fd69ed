// Finds the runs and sweeps of the workspace, and watches what other processes of this machine write. Watchers miss folders that existed
// before, and everything where the system has no watch left; opening the list of runs searches again.
import * as vscode from 'vscode'
import { basename, dirname, join } from 'node:path'
import { existsSync } from 'node:fs'
import { forEachConcurrent } from '../../formatting/lists.ts'
import type { RunStore } from './runStore.ts'
import type { Sweeps } from '../sweeps/sweeps.ts'

const eventsOfRuns = '**/.sparsescope/runs/*/events.jsonl'
/** Only the newest runs are listed; older ones can be opened from their folder. */
const mostRuns = 100
const mostEventsFound = 5000
const atATime = 8

export async function findRuns(store: RunStore): Promise<void> {
  // Hidden folders are searched too: `null` turns the user's exclusions off for this one search.
  const found = await vscode.workspace.findFiles(eventsOfRuns, null, mostEventsFound)
  // Names of run folders begin with their time.
  const newest = found
    .map(({ fsPath }) => dirname(fsPath))
    .sort((a, b) => basename(b).localeCompare(basename(a)))
    .slice(0, mostRuns)
  const unknown = newest.filter((folder) => !store.get(folder))
  await forEachConcurrent(unknown, atATime, async (folder) => void (await store.refresh(folder)))
}

/** Finds runs, and follows those that another process writes. */
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

const plansOfSweeps = '**/.sparsescope/sweeps/*/plan.json'
/** A sweep is renamed into place as a whole folder, which causes a single event, for the folder. */
const sweepFolders = '**/.sparsescope/sweeps/*'
const writtenByRuns = '**/.sparsescope/sweeps/*/runs/*/{events.jsonl,report.json}'
const marksOfSweeps = '**/.sparsescope/sweeps/*/{cancelled.json,sweep.json}'
/** Only the newest sweeps are listed; older ones can be opened from their folder. */
const mostSweeps = 50
const mostPlansFound = 1000

/** Finds sweeps, and reads them again when another process writes there. */
export function watchSweeps(sweeps: Sweeps, failed: (error: unknown) => void): vscode.Disposable {
  /** A sweep is written to a hidden folder, which is ignored, and then renamed. */
  const isSweep = (folder: string) => !basename(folder).startsWith('.') && existsSync(join(folder, 'plan.json'))
  const open = async (folder: string) => {
    if (isSweep(folder)) await sweeps.openFolder(folder).catch(failed)
  }
  // Hidden folders are searched too: `null` turns the user's exclusions off for this one search.
  const search = async () => {
    const found = (await vscode.workspace.findFiles(plansOfSweeps, null, mostPlansFound)).map(({ fsPath }) =>
      dirname(fsPath),
    )
    // Names of sweeps' folders begin with their time.
    const newest = found.sort((a, b) => basename(b).localeCompare(basename(a))).slice(0, mostSweeps)
    await Promise.all(newest.map(open))
  }
  sweeps.searchedBy(() => search().catch(failed))
  const watch = (pattern: string) => vscode.workspace.createFileSystemWatcher(pattern)
  const [planned, named, runs, marked] = [plansOfSweeps, sweepFolders, writtenByRuns, marksOfSweeps].map(watch)
  const lookAtRun = ({ fsPath }: vscode.Uri) => {
    const run = dirname(fsPath)
    sweeps.lookAt(dirname(dirname(run)), Number.parseInt(basename(run), 10))
  }
  const lookAtMark = ({ fsPath }: vscode.Uri) => sweeps.lookAt(dirname(fsPath))
  return vscode.Disposable.from(
    ...[planned, named, runs, marked],
    planned.onDidCreate(({ fsPath }) => void open(dirname(fsPath))),
    planned.onDidDelete(({ fsPath }) => sweeps.forget(dirname(fsPath))),
    named.onDidCreate(({ fsPath }) => void open(fsPath)),
    named.onDidDelete(({ fsPath }) => sweeps.forget(fsPath)),
    ...[runs.onDidCreate, runs.onDidChange, runs.onDidDelete].map((on) => on(lookAtRun)),
    ...[marked.onDidCreate, marked.onDidChange, marked.onDidDelete].map((on) => on(lookAtMark)),
  )
}
