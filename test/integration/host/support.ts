// Parts that the suites inside the extension host share.
import { rmSync, writeFileSync } from 'node:fs'
import * as vscode from 'vscode'
import type { ExtensionApi } from '../../../src/extension/extension.ts'
import { until } from '../../support/until.ts'

/** Notes for the runner: lines to print, processes that must be gone when the window has closed. */
export const notes: { said: string[]; pids: number[] } = { said: [], pids: [] }

export function extension(): vscode.Extension<ExtensionApi> {
  const found = vscode.extensions.getExtension<ExtensionApi>('sparsescope.sparsescope')
  if (!found) throw new Error('the extension is not installed')
  return found
}

export function inWorkspace(name: string): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0]
  if (!folder) throw new Error('no folder is open')
  return vscode.Uri.joinPath(folder.uri, name)
}

/** Until the window is told of files that come: it opens before it watches. */
export async function watching(): Promise<void> {
  const watcher = vscode.workspace.createFileSystemWatcher('**/probe-*')
  let told = false
  watcher.onDidCreate(() => (told = true))
  let probes = 0
  await until('the window to watch its files', async () => {
    if (told) return true
    writeFileSync(inWorkspace(`probe-${probes++}`).fsPath, '')
    await new Promise((resolve) => setTimeout(resolve, 500))
    return undefined
  })
  watcher.dispose()
  while (probes > 0) rmSync(inWorkspace(`probe-${--probes}`).fsPath)
}

/** The backend's process, once it is ready. */
export async function backendPid(): Promise<number> {
  const api = await extension().activate()
  const pid = await until('the backend', () => {
    const state = api.backendState()
    return state.kind === 'ready' ? state.hello.pid : undefined
  })
  if (!notes.pids.includes(pid)) notes.pids.push(pid)
  return pid
}
