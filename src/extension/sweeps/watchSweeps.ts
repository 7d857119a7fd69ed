// Finds the sweeps of the workspace; what other processes of this machine write is looked at as soon as it is written.
import * as vscode from 'vscode'
import { basename, dirname } from 'node:path'
import type { Sweeps } from './sweeps.ts'

const plans = '**/.sparsescope/sweeps/*/plan.json'
const said = '**/.sparsescope/sweeps/*/runs/*/{events.jsonl,report.json}'
const marks = '**/.sparsescope/sweeps/*/{cancelled.json,sweep.json}'
/** Newest first: older ones are opened from their folder. */
const mostSweeps = 50
const mostFound = 1000

export function watchSweeps(sweeps: Sweeps, failed: (error: unknown) => void): vscode.Disposable {
  const open = async (plan: vscode.Uri) => void (await sweeps.openFolder(dirname(plan.fsPath)).catch(failed))
  // Hidden folders are searched too: `null` turns the user's exclusions off for this one search.
  const search = async () => {
    const found = await vscode.workspace.findFiles(plans, null, mostFound)
    // Names of sweeps' folders begin with their time.
    const newest = found.sort((a, b) => nameOf(b).localeCompare(nameOf(a))).slice(0, mostSweeps)
    await Promise.all(newest.map(open))
  }
  sweeps.searchedBy(search().catch(failed))
  const [planned, runs, marked] = [plans, said, marks].map((pattern) =>
    vscode.workspace.createFileSystemWatcher(pattern),
  )
  const lookAtRun = ({ fsPath }: vscode.Uri) => {
    const run = dirname(fsPath)
    sweeps.lookAt(dirname(dirname(run)), Number.parseInt(basename(run), 10))
  }
  const lookAtMark = ({ fsPath }: vscode.Uri) => sweeps.lookAt(dirname(fsPath))
  return vscode.Disposable.from(
    planned,
    planned.onDidCreate((plan) => void open(plan)),
    planned.onDidDelete((plan) => sweeps.forget(dirname(plan.fsPath))),
    ...[runs.onDidCreate, runs.onDidChange, runs.onDidDelete].map((on) => on(lookAtRun)),
    ...[marked.onDidCreate, marked.onDidChange, marked.onDidDelete].map((on) => on(lookAtMark)),
    runs,
    marked,
  )
}

function nameOf(plan: vscode.Uri): string {
  return basename(dirname(plan.fsPath))
}
