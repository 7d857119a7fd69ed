import assert from 'node:assert/strict'
import * as vscode from 'vscode'
import { backendPid, extension, inWorkspace, until } from './support.ts'

suite('backend', () => {
  test('a killed backend is noticed, and the next use starts another', async () => {
    const api = await extension().activate()
    const first = await backendPid()
    process.kill(first, 'SIGKILL')
    await until('the end to be noticed', () => (api.backendState().kind === 'failed' ? true : undefined))
    await vscode.commands.executeCommand('workbench.action.closeAllEditors')
    await vscode.commands.executeCommand('sparsescope.openOverview', inWorkspace('opt'))
    await vscode.commands.executeCommand('sparsescope.computeStatistics')
    await vscode.commands.executeCommand('sparsescope.restartBackend')
    assert.notEqual(await backendPid(), first)
  })
})
