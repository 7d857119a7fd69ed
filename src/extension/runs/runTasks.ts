// `sparsescope` tasks run a recipe in a terminal like a build, with an exit code at the end.
import * as vscode from 'vscode'
import { basename, resolve } from 'node:path'
import { hasVariable, taskType } from '../contributions.ts'
import { eventLine } from '../../runs/series/eventLine.ts'
import { messageOf } from '../../errors.ts'
import { EventFeed } from './eventFeed.ts'
import type { Runner } from './runner.ts'
import type { RunStore } from './runStore.ts'

interface RecipeTask extends vscode.TaskDefinition {
  /** Absolute, or relative to the workspace folder. */
  recipe: string
  set?: string[]
}

export class RunTasks implements vscode.TaskProvider {
  constructor(
    private readonly runner: Runner,
    private readonly store: RunStore,
  ) {}

  async provideTasks(): Promise<vscode.Task[]> {
    const recipes = await vscode.workspace.findFiles('**/*.prune.yaml', '**/{node_modules,.sparsescope}/**', 50)
    return recipes.flatMap((uri) => {
      const folder = vscode.workspace.getWorkspaceFolder(uri)
      const recipe = vscode.workspace.asRelativePath(uri, false)
      // VS Code would replace the variables in such a path, and the run would get another path.
      if (!folder || hasVariable(recipe)) return []
      return [this.task({ type: taskType, recipe }, folder)]
    })
  }

  resolveTask(task: vscode.Task): vscode.Task | undefined {
    const definition = task.definition as RecipeTask
    const folder = typeof task.scope === 'object' ? task.scope : vscode.workspace.workspaceFolders?.[0]
    return folder && definition.recipe ? this.task(definition, folder) : undefined
  }

  private task(definition: RecipeTask, folder: vscode.WorkspaceFolder): vscode.Task {
    // VS Code passes the definition with variables such as ${relativeFile} already replaced.
    const execution = new vscode.CustomExecution(async (resolved) => {
      const { recipe, set = [] } = resolved as RecipeTask
      return this.terminal(resolve(folder.uri.fsPath, recipe), set)
    })
    const task = new vscode.Task(definition, folder, `run ${basename(definition.recipe)}`, 'SparseScope', execution)
    task.group = vscode.TaskGroup.Build
    return task
  }

  private terminal(recipe: string, set: string[]): vscode.Pseudoterminal {
    const written = new vscode.EventEmitter<string>()
    const closed = new vscode.EventEmitter<number>()
    const abort = new AbortController()
    const say = (line: string | null) => line !== null && written.fire(`${line}\r\n`)
    const start = async () => {
      let feed: EventFeed | null = null
      let folder: string | null = null
      const onFolder = (begun: string) => {
        folder = begun
        feed = new EventFeed(begun, (_, events) => events.forEach((event) => say(eventLine(event))))
      }
      const listener = this.store.onChange((changed) => {
        if (folder !== null && changed.includes(folder)) void feed?.read()
      })
      try {
        const outcome = await this.runner.run({ recipe, set, onFolder }, abort.signal)
        await (feed as EventFeed | null)?.read()
        if (outcome.message) say(outcome.message)
        closed.fire(outcome.status === 'done' ? 0 : outcome.status === 'cancelled' ? 130 : 1)
      } catch (error) {
        say(messageOf(error))
        closed.fire(2)
      } finally {
        listener.dispose()
      }
    }
    return { onDidWrite: written.event, onDidClose: closed.event, open: () => void start(), close: () => abort.abort() }
  }
}
