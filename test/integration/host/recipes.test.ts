import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
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
})
