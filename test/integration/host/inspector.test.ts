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

  test('a shard of torch.save opens in it, as the whole model', async () => {
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

  test('Open Overview on a folder opens its weights', async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors')
    await vscode.commands.executeCommand('sparsescope.openOverview', inWorkspace('opt'))
    const uri = await until('the custom editor', () => {
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input
      return input instanceof vscode.TabInputCustom ? input.uri : undefined
    })
    assert.equal(uri.path, inWorkspace('opt/model.safetensors').path)
  })

  test('a change on the map begins one recipe beside it, edits it from then on, and is one step of undo', async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors')
    const weights = inWorkspace('opt/model.safetensors')
    await vscode.commands.executeCommand('vscode.openWith', weights, 'sparsescope.checkpoint')
    // The recipe opens beside the editor that is active.
    await until('the custom editor', () => {
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input
      return input instanceof vscode.TabInputCustom || undefined
    })
    const change = (what: object, locked: string[] = []) =>
      vscode.commands.executeCommand('sparsescope.changePlan', weights.fsPath, what, locked)
    const recipes = () =>
      vscode.window.tabGroups.all.flatMap(({ tabs, viewColumn }) =>
        tabs.flatMap(({ input }) => (input instanceof vscode.TabInputText ? [{ uri: input.uri, viewColumn }] : [])),
      )
    const first = 'model.decoder.layers.0.fc1'
    await until('the model', async () => {
      await change({ kind: 'spread', mean: 0.6, rule: 'uniform' })
      return recipes().length > 0 || undefined
    })
    // On a busy machine its group does not have that column at once.
    const { uri } = await until('the recipe beside the map', () =>
      recipes().find(({ viewColumn }) => viewColumn === vscode.ViewColumn.Two),
    )
    const recipe = await vscode.workspace.openTextDocument(uri)
    assert.match(recipe.getText(), /sparsity: 0\.6 # share/)
    const begun = recipe.getText()
    await change({ kind: 'set', names: [first], sparsity: 0.2 })
    const isTold = /sparsity: \[?0\.2,.*fc1/
    assert.match(recipe.getText(), isTold)
    await change({ kind: 'spread', mean: 0.5, rule: 'depth' }, [first])
    assert.match(recipe.getText(), isTold)
    await change({ kind: 'set', names: [first], sparsity: 0.9 }, [first])
    assert.match(recipe.getText(), isTold, 'a locked one stays')
    assert.equal(recipes().length, 1)
    for (const what of ['the spread', 'the matrix']) {
      const text = recipe.getText()
      await until(`the undo of ${what}`, async () => {
        // While the map has the focus, it takes the undo for itself.
        await vscode.window.showTextDocument(recipe, vscode.ViewColumn.Two)
        await vscode.commands.executeCommand('undo')
        return recipe.getText() !== text || undefined
      })
    }
    assert.equal(recipe.getText(), begun)
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor')
  })
})
