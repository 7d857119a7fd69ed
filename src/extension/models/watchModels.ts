// Watches for checkpoints that are added, changed or removed, and publishes the folders that hold one, without reading any.
import * as vscode from 'vscode'
import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, dirname, sep } from 'node:path'
import { isWeights } from '../../catalog/formats/checkpointFormats.ts'
import { hubCacheFolder } from '../../engine/checkpoint/hubCache.ts'
import type { Models } from './models.ts'

/** Writing a checkpoint or installing packages makes many events: look again when they pause. */
const quietMs = 400
/** Folders that are not searched for models. */
const others = /[\\/](\.sparsescope|\.git|node_modules)([\\/]|$)/
const matters = (path: string) => isWeights(basename(path)) || basename(path) === 'sparsescope.json'

/** Most new paths that are checked one by one; a larger batch is assumed to contain a model's folder. */
const mostLookedAt = 256

export function watchModels(models: Models): vscode.Disposable {
  /** New paths, each of which may be a folder with a model; checked when events pause. Null: search again without a check. */
  let arrived: Set<string> | null = new Set()
  let timer: NodeJS.Timeout | undefined
  const check = async () => {
    const paths = arrived
    arrived = new Set()
    if (paths === null || (await hasFolder(paths))) models.forget()
  }
  const wait = () => {
    clearTimeout(timer)
    timer = setTimeout(() => void check(), quietMs)
  }
  const look = () => {
    arrived = null
    wait()
  }
  // A saved checkpoint is renamed into place as a whole folder, which causes a single event, for the folder.
  const watcher = vscode.workspace.createFileSystemWatcher('**/*')
  const came = ({ fsPath }: vscode.Uri) => {
    if (others.test(fsPath)) return
    if (matters(fsPath) || arrived?.size === mostLookedAt) arrived = null
    arrived?.add(fsPath)
    wait()
  }
  const changed = ({ fsPath }: vscode.Uri) => {
    if (!others.test(fsPath) && matters(fsPath)) look()
  }
  // A deleted path may have been a folder: it matters if a model was in it.
  const gone = async ({ fsPath }: vscode.Uri) => {
    if (others.test(fsPath)) return
    const known = await models.paths()
    const isAround = (path: string) => path.startsWith(`${fsPath}${sep}`)
    if (matters(fsPath) || known.models.some(isAround) || known.gguf.some(isAround)) look()
  }
  void shareFolders(models)
  return vscode.Disposable.from(
    watcher,
    models.onForget(() => void shareFolders(models)),
    watcher.onDidCreate(came),
    watcher.onDidChange(changed),
    watcher.onDidDelete((uri) => void gone(uri)),
    vscode.workspace.onDidChangeWorkspaceFolders(look),
    ...watchHub(look),
    { dispose: () => clearTimeout(timer) },
  )
}

async function hasFolder(paths: Iterable<string>): Promise<boolean> {
  for (const path of paths) if ((await stat(path).catch(() => null))?.isDirectory()) return true
  return false
}

/** Watches for new and removed repositories only; watching their contents would cost too much. */
function watchHub(look: () => void): vscode.Disposable[] {
  const cache = hubCacheFolder()
  if (!existsSync(cache)) return []
  const pattern = new vscode.RelativePattern(vscode.Uri.file(cache), '*')
  const watcher = vscode.workspace.createFileSystemWatcher(pattern, false, true)
  return [watcher, watcher.onDidCreate(look), watcher.onDidDelete(look)]
}

/** Context key for the menu of Explorer's folders: `resourcePath in sparsescope.modelFolders`. */
async function shareFolders(models: Models): Promise<void> {
  const folders = modelFolders((await models.paths()).models)
  await vscode.commands.executeCommand('setContext', 'sparsescope.modelFolders', folders)
}

function modelFolders(models: readonly string[]): string[] {
  const folders = models.map((path) => vscode.Uri.file(dirname(path)))
  // A window that is connected to a remote machine always names the machine's paths with forward slashes.
  return [...new Set(folders.flatMap((uri) => [uri.fsPath, uri.path]))]
}
