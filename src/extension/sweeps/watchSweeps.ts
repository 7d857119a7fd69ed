// Finds the sweeps of the workspace; what other processes of this machine write is looked at as soon as it is written.
import * as vscode from 'vscode'
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Sweeps } from './sweeps.ts'

const plans = '**/.sparsescope/sweeps/*/plan.json'
/** A sweep is renamed into its place as a whole folder: that is one event, for the folder. */
const folders = '**/.sparsescope/sweeps/*'
const said = '**/.sparsescope/sweeps/*/runs/*/{events.jsonl,report.json}'
const marks = '**/.sparsescope/sweeps/*/{cancelled.json,sweep.json}'
/** Newest first: older ones are opened from their folder. */
const mostSweeps = 50
const mostFound = 1000

export function watchSweeps(sweeps: Sweeps, failed: (error: unknown) => void): vscode.Disposable {
  /** A sweep is a hidden folder, and ignored, until it has its name. */
  const isSweep = (folder: string) => !basename(folder).startsWith('.') && existsSync(join(folder, 'plan.json'))
  const open = async (folder: string) => {
    if (isSweep(folder)) await sweeps.openFolder(folder).catch(failed)
  }
  // Hidden folders are searched too: `null` turns the user's exclusions off for this one search.
  const search = async () => {
    const found = (await vscode.workspace.findFiles(plans, null, mostFound)).map(({ fsPath }) => dirname(fsPath))
    // Names of sweeps' folders begin with their time.
    const newest = found.sort((a, b) => basename(b).localeCompare(basename(a))).slice(0, mostSweeps)
    await Promise.all(newest.map(open))
  }
  sweeps.searchedBy(() => search().catch(failed))
  const watch = (pattern: string) => vscode.workspace.createFileSystemWatcher(pattern)
  const [planned, named, runs, marked] = [plans, folders, said, marks].map(watch)
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
