import assert from 'node:assert/strict'
import * as vscode from 'vscode'
import { extension, notes } from './support.ts'

suite('the activation', () => {
  test('says how long it took and starts no process', async () => {
    const api = await extension().activate()
    notes.said.push(`activation took ${api.activationMs.toFixed(1)} ms`)
    assert.equal(api.backendState().kind, 'stopped')
  })

  test('registers every command of package.json', async () => {
    await extension().activate()
    const manifest = extension().packageJSON as { contributes: { commands: { command: string }[] } }
    const wanted = manifest.contributes.commands.map((c) => c.command)
    const registered = new Set(await vscode.commands.getCommands(true))
    assert.deepEqual(
      wanted.filter((id) => !registered.has(id)),
      [],
    )
  })

  test('gives diagnostics of versions and machine, without paths or names of models', async () => {
    await extension().activate()
    await vscode.commands.executeCommand('sparsescope.copyDiagnostics')
    const text = await vscode.env.clipboard.readText()
    assert.match(
      text,
      /^SparseScope \d+\.\d+\.\d+\nVS Code .*\n\w+ \w+, \d+ cores, .* memory\nworkspace trusted: yes\n/,
    )
    for (const { uri } of vscode.workspace.workspaceFolders ?? []) assert.ok(!text.includes(uri.fsPath))
    assert.ok(!/[\\/](?:home|tmp|root|Users)[\\/]|opt/.test(text), text)
  })
})
