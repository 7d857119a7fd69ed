import assert from 'node:assert/strict'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as vscode from 'vscode'
import { extension, inWorkspace } from './support.ts'
import { until } from '../../support/until.ts'

// What no watcher tells: files that came before the window watched, and all files where the system has no watch left.
// The editor's own exclusions stand for both.
suite('files that no watcher reports', () => {
  const files = () => vscode.workspace.getConfiguration('files')
  suiteSetup(() => files().update('watcherExclude', { '**/unwatched*/**': true }, vscode.ConfigurationTarget.Global))
  suiteTeardown(() => files().update('watcherExclude', undefined, vscode.ConfigurationTarget.Global))

  function write(name: string): { model: string; run: string } {
    const folder = inWorkspace(name).fsPath
    const run = join(folder, '.sparsescope', 'runs', '20261231-235958-elsewhere')
    mkdirSync(run, { recursive: true })
    cpSync(inWorkspace('opt').fsPath, join(folder, `${name}-model`), { recursive: true })
    const event = { t: 1, type: 'step', step: 1, loss: 1, lr: 1, tokens_per_second: 1 }
    writeFileSync(join(run, 'events.jsonl'), `${JSON.stringify(event)}\n`)
    return { model: `${name}-model`, run }
  }

  async function sees({ model, run }: ReturnType<typeof write>): Promise<boolean> {
    const api = await extension().activate()
    const models = (await api.models()).workspace.map(({ label }) => label)
    return models.includes(model) && api.runs().some(({ folder }) => folder === run)
  }

  /** Longer than what anybody waits who was told. */
  const settle = () => new Promise((resolve) => setTimeout(resolve, 2000))

  test('are found by Refresh', async () => {
    await vscode.commands.executeCommand('workbench.view.explorer')
    // The watcher starts again with the exclusions a moment after they are set.
    await settle()
    const written = write('unwatched-refresh')
    await settle()
    assert.equal(await sees(written), false)
    await vscode.commands.executeCommand('sparsescope.refresh')
    assert.equal(await sees(written), true)
  })

  test('are found when their tree is shown again', async () => {
    for (const view of ['models', 'runs']) await vscode.commands.executeCommand(`sparsescope.${view}.focus`)
    await vscode.commands.executeCommand('workbench.view.explorer')
    await settle()
    const written = write('unwatched-view')
    await settle()
    assert.equal(await sees(written), false)
    for (const view of ['models', 'runs']) await vscode.commands.executeCommand(`sparsescope.${view}.focus`)
    await until('the model and the run', () => sees(written))
  })
})
