import assert from 'node:assert/strict'
import * as vscode from 'vscode'
import { backendPid, inWorkspace } from './support.ts'
import { until } from '../../support/until.ts'

suite('the inspector', () => {
  test('opens a safetensors file', async () => {
    await vscode.commands.executeCommand('vscode.open', inWorkspace('opt/model.safetensors'))
    const viewType = await until('the custom editor', () => {
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input
      return input instanceof vscode.TabInputCustom ? input.viewType : undefined
    })
    assert.equal(viewType, 'sparsescope.checkpoint')
    assert.ok((await backendPid()) > 0)
  })

  test('opens a shard of torch.save as the whole model', async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors')
    await vscode.commands.executeCommand('vscode.open', inWorkspace('opt-torch/pytorch_model-00002-of-00002.bin'))
    const label = await until('the custom editor', () => {
      const { activeTab } = vscode.window.tabGroups.activeTabGroup
      return activeTab?.input instanceof vscode.TabInputCustom ? activeTab.label : undefined
    })
    assert.equal(label, 'pytorch_model-00002-of-00002.bin')
    await vscode.commands.executeCommand('workbench.action.closeAllEditors')
    await vscode.commands.executeCommand('sparsescope.openOverview', inWorkspace('opt-torch'))
    const uri = await until('the custom editor', () => {
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input
      return input instanceof vscode.TabInputCustom ? input.uri : undefined
    })
    assert.equal(uri.path, inWorkspace('opt-torch/pytorch_model.bin.index.json').path)
  })

  test('opens the weights of a folder by Open Overview', async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors')
    await vscode.commands.executeCommand('sparsescope.openOverview', inWorkspace('opt'))
    const uri = await until('the custom editor', () => {
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input
      return input instanceof vscode.TabInputCustom ? input.uri : undefined
    })
    assert.equal(uri.path, inWorkspace('opt/model.safetensors').path)
  })
})
