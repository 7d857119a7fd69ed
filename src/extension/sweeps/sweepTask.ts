// Runs `sparsescope sweep run` in a terminal of the editor. The events of its runs are beside the recipe, as for any run.
import * as vscode from 'vscode'
import { basename, dirname, join } from 'node:path'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasVariable, taskType } from '../contributions.ts'
import type { Services } from '../services.ts'

const t = vscode.l10n.t

interface SweepTask {
  /** Folder of the sweep that it starts or continues, as soon as the command has written it; null when it ended without one. */
  readonly folder: Promise<string | null>
  /** The exit code. */
  readonly ended: Promise<number | undefined>
}

/** Runs the sweep of a recipe, or continues that of a sweep's folder. `engine` holds arguments of `sweep run`. Refuses a path with `${`. */
export async function sweepTask(services: Services, path: vscode.Uri, engine: readonly string[]): Promise<SweepTask> {
  if (hasVariable(path.fsPath))
    throw new Error(t('{0} contains "${", which VS Code expands in a task. Rename the file or folder.', path.fsPath))
  const { path: node, electron } = await nodeOf(services)
  const cli = join(services.extensionUri.fsPath, 'dist', 'cli.mjs')
  const note = await folderNote()
  const args = [cli, 'sweep', 'run', path.fsPath, ...engine, '--tell-folder', note.path]
  const execution = new vscode.ProcessExecution(node, args, {
    cwd: dirname(path.fsPath),
    ...(electron && { env: { ELECTRON_RUN_AS_NODE: '1' } }),
  })
  const scope = vscode.workspace.getWorkspaceFolder(path) ?? vscode.TaskScope.Workspace
  const definition = { type: taskType, recipe: vscode.workspace.asRelativePath(path, false) }
  const task = new vscode.Task(definition, scope, t('sweep {0}', basename(path.fsPath)), 'SparseScope', execution, [])
  // The view shows the progress; the terminal stays in the background.
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Silent, panel: vscode.TaskPanelKind.Dedicated }
  const running = await vscode.tasks.executeTask(task)
  let isOver = false
  const ended = new Promise<number | undefined>((resolve) => {
    const listener = vscode.tasks.onDidEndTaskProcess(({ execution: over, exitCode }) => {
      if (over !== running) return
      isOver = true
      listener.dispose()
      resolve(exitCode)
    })
  })
  return { folder: note.read(() => isOver), ended }
}

/** The Node that runs the backend: it is known to be new enough, and to load what the engine needs. */
export async function nodeOf({ call, supervisor }: Services): Promise<{ path: string; electron: boolean }> {
  await call('ping', null)
  const { state } = supervisor
  if (state.kind !== 'ready') throw new Error(t('The backend has stopped. Try again.'))
  return { path: state.runtime.path, electron: state.runtime.origin === 'electron' }
}

const lookEveryMs = 200

/** A temporary file that the command in the terminal creates to tell this window the folder of its sweep. */
export async function folderNote() {
  const own = await mkdtemp(join(tmpdir(), 'sparsescope-sweep-'))
  const path = join(own, 'folder')
  /** Waits until the command has written the file, and removes it; null: the command has ended without writing it. */
  const read = async (isOver: () => boolean): Promise<string | null> => {
    for (;;) {
      // Checked before the file is read, because the command may write the file and end in between.
      const over = isOver()
      const written = await readFile(path, 'utf8').catch(() => null)
      if (written === null && !over) {
        await sleep(lookEveryMs)
        continue
      }
      await rm(own, { recursive: true, force: true }).catch(() => undefined)
      return written
    }
  }
  return { path, read }
}
