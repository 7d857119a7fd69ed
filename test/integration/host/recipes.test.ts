import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import * as vscode from 'vscode'
import { inWorkspace } from './support.ts'
import { until } from '../../support/until.ts'

suite('a recipe in a window', () => {
  test('shows an error at a target that matches nothing', async () => {
    const uri = inWorkspace('wrong.prune.yaml')
    await vscode.window.showTextDocument(uri)
    const found = await until('a diagnostic', () => {
      const all = vscode.languages.getDiagnostics(uri)
      return all.length > 0 ? all : undefined
    })
    assert.ok(
      found.some((d) => d.message.includes('fc3')),
      found.map((d) => d.message).join('\n'),
    )
  })

  test('is what a command takes from the front tab, even while its text is being read', async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors')
    let release = () => {}
    const text = new Promise<void>((resolve) => (release = resolve)).then(() => Buffer.from('version: 1'))
    const provider = vscode.workspace.registerFileSystemProvider('slow', filesOf(text))
    const opened = vscode.commands.executeCommand('vscode.open', vscode.Uri.parse('slow:/slow.prune.yaml'))
    const tabs = () => vscode.window.tabGroups.all.flatMap((group) => group.tabs.map(({ label }) => label))
    try {
      await until('the tab', () => tabs().includes('slow.prune.yaml'))
      assert.equal(vscode.window.activeTextEditor, undefined)
      void vscode.commands.executeCommand('sparsescope.dryRun')
      await until('its view', () => tabs().includes('Dry run: slow.prune.yaml') || undefined, 20_000)
    } finally {
      release()
      await opened
      // Where it asked for a recipe instead, the question must not wait for the next test.
      await vscode.commands.executeCommand('workbench.action.closeQuickOpen')
      await vscode.commands.executeCommand('workbench.action.closeAllEditors')
      provider.dispose()
    }
  })

  test('is run headless by a task, which ends with 0', async () => {
    const tasks = await vscode.tasks.fetchTasks({ type: 'sparsescope' })
    const task = tasks.find((t) => t.definition.recipe === 'magnitude.prune.yaml')
    assert.ok(task, `tasks: ${tasks.map((t) => t.name).join(', ')}`)
    const ended = new Promise<number | undefined>((resolve) => {
      vscode.tasks.onDidEndTaskProcess((e) => {
        if (e.execution.task.name === task.name) resolve(e.exitCode)
      })
    })
    await vscode.tasks.executeTask(task)
    assert.equal(await ended, 0)
    assert.ok(existsSync(inWorkspace('opt-magnitude/model.safetensors').fsPath))
  })

  test('is run by Run Sweep in a task, which ends with a table', async () => {
    const recipe = inWorkspace('some.prune.yaml')
    const text =
      'version: 1\nmodel: ./opt\nprune: [{method: magnitude, sparsity: 0.5}]\nsweep: {prune.0.sparsity: [0.4, 0.6]}\n'
    await vscode.workspace.fs.writeFile(recipe, Buffer.from(text))
    const ended = new Promise<number | undefined>((resolve) => {
      vscode.tasks.onDidEndTaskProcess((e) => {
        if (e.execution.task.name === 'sweep some.prune.yaml') resolve(e.exitCode)
      })
    })
    const running = vscode.commands.executeCommand('sparsescope.runSweep', recipe)
    await until('the question', () => {
      void vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem')
      return vscode.tasks.taskExecutions.some(({ task }) => task.name === 'sweep some.prune.yaml')
    })
    assert.equal(await ended, 0)
    await running
    const [sweep] = readdirSync(inWorkspace('.sparsescope/sweeps').fsPath).filter((name) => !name.startsWith('.'))
    const table = JSON.parse(readFileSync(inWorkspace(`.sparsescope/sweeps/${sweep}/sweep.json`).fsPath, 'utf8')) as {
      runs: { state: string }[]
    }
    assert.deepEqual(
      table.runs.map(({ state }) => state),
      ['done', 'done'],
    )
  })
})

/** Files that all have this text, once it comes. */
function filesOf(text: Promise<Uint8Array>): vscode.FileSystemProvider {
  const refuse = () => {
    throw vscode.FileSystemError.NoPermissions()
  }
  return {
    onDidChangeFile: new vscode.EventEmitter<vscode.FileChangeEvent[]>().event,
    watch: () => new vscode.Disposable(() => undefined),
    stat: () => ({ type: vscode.FileType.File, ctime: 0, mtime: 0, size: 10 }),
    readFile: () => text,
    readDirectory: () => [],
    createDirectory: refuse,
    writeFile: refuse,
    delete: refuse,
    rename: refuse,
  }
}
