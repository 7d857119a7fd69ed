import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as vscode from 'vscode'
import { commit, hubServer, type HubServer } from '../../support/hubServer.ts'
import { extension, inWorkspace } from './support.ts'
import { until } from '../../support/until.ts'

suite('Pull from the Hub', () => {
  const keys = ['HF_ENDPOINT', 'HF_HUB_CACHE', 'HF_TOKEN']
  const before = keys.map((key) => process.env[key])
  const tabs = () => vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs)
  let hub: HubServer
  let folder = ''
  setup(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hub-'))
    hub = await hubServer()
    for (const name of ['config.json', 'model.safetensors'])
      hub.files.set(name, {
        bytes: readFileSync(inWorkspace(`opt/${name}`).fsPath),
        lfs: name.endsWith('.safetensors'),
      })
    Object.assign(process.env, { HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: folder, HF_TOKEN: '' })
    await extension().activate()
    // The backend has the environment that it was started with.
    await vscode.commands.executeCommand('sparsescope.restartBackend')
  })
  teardown(async () => {
    keys.forEach((key, i) => {
      if (before[i] === undefined) delete process.env[key]
      else process.env[key] = before[i]
    })
    await vscode.commands.executeCommand('workbench.action.closeAllEditors')
    await vscode.commands.executeCommand('sparsescope.restartBackend')
    await hub.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('asks for the name, fetches nothing before that, and opens the model', async () => {
    let done = false
    const pulled = vscode.commands.executeCommand('sparsescope.pull', 'hf:org/tiny').then(() => (done = true))
    assert.deepEqual(hub.asked, [])
    const accepting = setInterval(() => {
      void vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem')
    }, 200)
    try {
      await until('the pulled model', () => done)
    } finally {
      clearInterval(accepting)
    }
    await pulled
    await until('its tab', () =>
      tabs().find(({ input }) => input instanceof vscode.TabInputCustom && input.uri.fsPath.includes(commit)),
    )
  })
})
