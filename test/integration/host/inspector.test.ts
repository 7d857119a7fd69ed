import assert from 'node:assert/strict'
import * as vscode from 'vscode'
import { backendPid, inWorkspace, until } from './support.ts'

suite('inspector', () => {
  test('a safetensors file opens in it', async () => {
    await vscode.commands.executeCommand('vscode.open', inWorkspace('opt/model.safetensors'))
    const viewType = await until('the custom editor', () => {
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input
      return input instanceof vscode.TabInputCustom ? input.viewType : undefined
    })
    assert.equal(viewType, 'sparsescope.checkpoint')
    assert.ok((await backendPid()) > 0)
  })

  test('Open Overview on a folder opens its weights', async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors')
    await vscode.commands.executeCommand('sparsescope.openOverview', inWorkspace('opt'))
    const uri = await until('the custom editor', () => {
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input
      return input instanceof vscode.TabInputCustom ? input.uri : undefined
    })
    assert.equal(uri.path, inWorkspace('opt/model.safetensors').path)
  })
})
