// A sweep in a terminal of the editor: `sparsescope sweep run`, whose events lie beside the recipe as those of any run.
import * as vscode from 'vscode'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runName } from '../../shared/format/runName.ts'
import { taskType } from '../contributions.ts'
import { recipeName } from '../runs/runStore.ts'
import type { Services } from '../services.ts'

const t = vscode.l10n.t

export interface SweepTask {
  readonly began: number
  /** The exit code. */
  readonly ended: Promise<number | undefined>
  isOver(): boolean
}

/** Of a recipe, or of a sweep's folder: what is there already is gone on with. `engine`: arguments of `sweep run`. */
export async function sweepTask(services: Services, path: vscode.Uri, engine: readonly string[]): Promise<SweepTask> {
  const { path: node, electron } = await nodeOf(services)
  const cli = join(services.extensionUri.fsPath, 'dist', 'cli.mjs')
  const args = [cli, 'sweep', 'run', path.fsPath, ...engine]
  const execution = new vscode.ProcessExecution(node, args, {
    cwd: dirname(path.fsPath),
    ...(electron && { env: { ELECTRON_RUN_AS_NODE: '1' } }),
  })
  const scope = vscode.workspace.getWorkspaceFolder(path) ?? vscode.TaskScope.Workspace
  const definition = { type: taskType, recipe: vscode.workspace.asRelativePath(path, false) }
  const task = new vscode.Task(definition, scope, t('sweep {0}', basename(path.fsPath)), 'SparseScope', execution, [])
  // The view shows how it goes; the terminal is there for who wants it.
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Silent, panel: vscode.TaskPanelKind.Dedicated }
  const began = Date.now()
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
  return { began, ended, isOver: () => isOver }
}

const lookEveryMs = 300

/**
 * The folder of the sweep that a task has begun, or goes on with: the newest of the recipe's that has been written in since.
 * null when the task ended without one.
 */
export async function newSweep(recipe: vscode.Uri, { began, isOver }: SweepTask): Promise<string | null> {
  const parent = join(dirname(recipe.fsPath), '.sparsescope', 'sweeps')
  for (;;) {
    const over = isOver()
    const names = await readdir(parent).catch(() => [])
    const own = names.filter((name) => runName(name).name === recipeName(recipe.fsPath)).sort()
    for (const folder of own.reverse().map((name) => join(parent, name))) {
      // Its lock comes and goes.
      const facts = await stat(folder).catch(() => null)
      if (facts && facts.mtimeMs >= began - 1000) return folder
    }
    if (over) return null
    await sleep(lookEveryMs)
  }
}

/** The Node that runs the backend: it is known to be new enough, and to load what the engine needs. */
async function nodeOf({ call, supervisor }: Services): Promise<{ path: string; electron: boolean }> {
  await call('ping', null)
  const { state } = supervisor
  if (state.kind !== 'ready') throw new Error(t('The backend has stopped. Try again.'))
  return { path: state.runtime.path, electron: state.runtime.origin === 'electron' }
}
