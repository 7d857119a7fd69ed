import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as vscode from 'vscode'
import { extension, inWorkspace, watching } from './support.ts'
import { until } from '../../support/until.ts'

async function labels(): Promise<string[]> {
  const api = await extension().activate()
  return (await api.models()).workspace.map(({ label }) => label)
}

suite('the first minute', () => {
  test('has a New Recipe from a model of the workspace, without an error', async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors')
    await vscode.commands.executeCommand('sparsescope.newRecipe', inWorkspace('opt'))
    const document = vscode.window.activeTextEditor?.document
    assert.equal(document?.languageId, 'prune-recipe')
    assert.match(document.getText(), /^model: \.\/opt$/m)
    // A lens with the number of modules: the checkpoint was found.
    const lenses = await until('a lens that has seen the model', async () => {
      const found = await vscode.commands.executeCommand<vscode.CodeLens[]>(
        'vscode.executeCodeLensProvider',
        document.uri,
      )
      return found.some((l) => /of 12 modules/.test(l.command?.title ?? '')) ? found : undefined
    })
    assert.ok(lenses.length > 2)
    const errors = vscode.languages
      .getDiagnostics(document.uri)
      .filter((d) => d.severity === vscode.DiagnosticSeverity.Error)
    assert.deepEqual(
      errors.map((d) => d.message),
      [],
    )
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor')
  })

  test('opens the inspector from the link on `model:`', async () => {
    const uri = inWorkspace('magnitude.prune.yaml')
    await vscode.window.showTextDocument(uri)
    const link = await until('the link', async () => {
      const links = await vscode.commands.executeCommand<vscode.DocumentLink[]>('vscode.executeLinkProvider', uri)
      return links.find((l) => l.target?.path.endsWith('/opt/model.safetensors'))
    })
    await vscode.commands.executeCommand('vscode.open', link.target)
    const input = await until('the custom editor', () => {
      const active = vscode.window.tabGroups.activeTabGroup.activeTab?.input
      return active instanceof vscode.TabInputCustom ? active : undefined
    })
    assert.equal(input.viewType, 'sparsescope.checkpoint')
  })

  test('shows at once a checkpoint that is renamed into its place, and its removal', async () => {
    await watching()
    assert.ok(!(await labels()).includes('opt-elsewhere'))
    const opt = inWorkspace('opt').fsPath
    // On the disk of the workspace, as the command line makes it: whole, then renamed.
    const scratch = mkdtempSync(join(dirname(inWorkspace('.').fsPath), 'partial-'))
    cpSync(opt, join(scratch, 'model'), { recursive: true })
    renameSync(join(scratch, 'model'), inWorkspace('opt-elsewhere').fsPath)
    await until('the new model', async () => (await labels()).includes('opt-elsewhere'))
    renameSync(inWorkspace('opt-elsewhere').fsPath, join(scratch, 'model'))
    await until('its end', async () => !(await labels()).includes('opt-elsewhere'))
  })

  test('lists a GGUF file as such, not among the models', async () => {
    const file = inWorkspace('tiny-q4.gguf')
    writeFileSync(file.fsPath, 'GGUF')
    const api = await extension().activate()
    const listed = async () => (await api.models()).gguf.map(({ path }) => path)
    await until('the file', async () => (await listed()).includes(file.path))
    assert.ok(!(await labels()).some((label) => label.includes('tiny')))
    rmSync(file.fsPath)
    await until('its end', async () => (await listed()).length === 0)
  })
})
