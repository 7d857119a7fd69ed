// A sweep in a terminal of the editor: `sparsescope sweep run`, whose events lie beside the recipe as those of any run.
import * as vscode from 'vscode'
import { basename, dirname, join } from 'node:path'
import { taskType } from '../contributions.ts'
import type { Services } from '../services.ts'

const t = vscode.l10n.t

/** Resolves with the exit code when the task has ended; what is there already is gone on with. */
export async function runSweepTask(services: Services, recipe: vscode.Uri, jobs: number): Promise<number | undefined> {
  const { path, electron } = await nodeOf(services)
  const cli = join(services.extensionUri.fsPath, 'dist', 'cli.mjs')
  const execution = new vscode.ProcessExecution(path, [cli, 'sweep', 'run', recipe.fsPath, '--jobs', String(jobs)], {
    cwd: dirname(recipe.fsPath),
    ...(electron && { env: { ELECTRON_RUN_AS_NODE: '1' } }),
  })
  const scope = vscode.workspace.getWorkspaceFolder(recipe) ?? vscode.TaskScope.Workspace
  const definition = { type: taskType, recipe: vscode.workspace.asRelativePath(recipe, false) }
  const task = new vscode.Task(definition, scope, t('sweep {0}', basename(recipe.fsPath)), 'SparseScope', execution, [])
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, panel: vscode.TaskPanelKind.Dedicated }
  const running = await vscode.tasks.executeTask(task)
  return new Promise((resolve) => {
    const listener = vscode.tasks.onDidEndTaskProcess(({ execution: ended, exitCode }) => {
      if (ended !== running) return
      listener.dispose()
      resolve(exitCode)
    })
  })
}

/** The Node that runs the backend: it is known to be new enough, and to load what the engine needs. */
async function nodeOf({ call, supervisor }: Services): Promise<{ path: string; electron: boolean }> {
  await call('ping', null)
  const { state } = supervisor
  if (state.kind !== 'ready') throw new Error(t('The backend has stopped. Try again.'))
  return { path: state.runtime.path, electron: state.runtime.origin === 'electron' }
}
