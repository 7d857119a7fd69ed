import assert from 'node:assert/strict'
import * as vscode from 'vscode'
import { backendPid, extension, inWorkspace } from './support.ts'
import { until } from '../../support/until.ts'

suite('the backend in a window', () => {
  test('is started again by the next use after it was killed', async () => {
    const api = await extension().activate()
    const first = await backendPid()
    process.kill(first, 'SIGKILL')
    // An open view may ask for another at once, so the failed state need not last.
    await until('the end to be noticed', () => {
      const state = api.backendState()
      return state.kind !== 'ready' || state.hello.pid !== first
    })
    await vscode.commands.executeCommand('workbench.action.closeAllEditors')
    await vscode.commands.executeCommand('sparsescope.openOverview', inWorkspace('opt'))
    await vscode.commands.executeCommand('sparsescope.computeStatistics')
    await vscode.commands.executeCommand('sparsescope.restartBackend')
    assert.notEqual(await backendPid(), first)
  })

  test('computes on the device that is chosen from a list and kept in the settings of this machine', async () => {
    const settings = () => vscode.workspace.getConfiguration('sparsescope')
    const choose = (value?: string) => settings().update('backend.device', value, vscode.ConfigurationTarget.Global)
    await choose('cpu')
    try {
      let chosen = false
      const done = vscode.commands.executeCommand('sparsescope.selectAdapter').then(() => (chosen = true))
      // The first of the list, Automatic, once the drivers have answered.
      await until('a choice to be taken', () => {
        if (!chosen) void vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem')
        return chosen
      })
      await done
      assert.equal(settings().inspect('backend.device')?.globalValue, 'auto')
      assert.equal(settings().inspect('backend.adapter')?.globalValue, '')
    } finally {
      await choose(undefined)
      await settings().update('backend.adapter', undefined, vscode.ConfigurationTarget.Global)
    }
  })
})
