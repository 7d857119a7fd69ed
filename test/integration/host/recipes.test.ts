import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import * as vscode from 'vscode'
import { inWorkspace, until } from './support.ts'

suite('recipes', () => {
  test('a target that matches nothing is an error in the editor', async () => {
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

  test('a task runs a recipe headless and ends with 0', async () => {
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

  test('Run Sweep runs it in a task, to its table', async () => {
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
      return vscode.tasks.taskExecutions.some(({ task }) => task.name === 'sweep some.prune.yaml') || undefined
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
