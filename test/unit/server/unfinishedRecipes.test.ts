// Recipes that are being written: what an editor sees of them, from the built server over the real protocol.
import assert from 'node:assert/strict'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import type { CodeLens, Hover, InlayHint } from 'vscode-languageserver/node'
import { goodRecipe as good, startServer, wholeText as whole } from '../../support/languageServer.ts'
import { scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'

describe('a recipe that is being written', () => {
  let folder = ''
  let server: Awaited<ReturnType<typeof startServer>>
  const open = (text: string) => server.open(join(folder, `r${text.length}.prune.yaml`), text)

  before(async () => {
    const opt = goldenPath('opt')
    folder = scratch().folder
    await cp(opt, join(folder, 'opt'), { recursive: true })
    await cp(join(opt, 'prune', 'calib.safetensors'), join(folder, 'calib.safetensors'))
    server = await startServer()
  })
  after(async () => {
    await server?.stop()
  })

  it('has no hint inside a key: hints end their line', async () => {
    const text = `${good.replace('train: [bias, norm]', 'train:')}sweep: # six\n  seed: [0, 1, 2]\n`
    const recipe = await open(text)
    for (const now of [text, text.replace('train:', 'train: [bias]')]) {
      await recipe.setText(now)
      const hints = await recipe.request<InlayHint[]>('textDocument/inlayHint', { range: whole })
      const cut = hints.filter(({ position: { line, character } }) =>
        /^[\w ]*:/.test(now.split('\n')[line].slice(character)),
      )
      assert.deepEqual(cut, [])
    }
    const hints = await recipe.request<InlayHint[]>('textDocument/inlayHint', { range: whole })
    const ofSweep = hints.find(({ label }) => String(label).startsWith('3 runs'))
    assert.deepEqual(ofSweep?.position, { line: 13, character: 'sweep: # six'.length })
  })

  it('keeps lenses, hints and other findings beside an unclosed bracket', async () => {
    const recipe = await open(good.replace('[bias, norm]', '[bias, norm'))
    const found = await recipe.diagnostics()
    assert.deepEqual(
      found.map(({ code }) => code),
      ['few-samples', 'broken-yaml'],
    )
    assert.deepEqual(found[1].range.start, { line: 10, character: 9 })
    const lenses = await recipe.request<CodeLens[]>('textDocument/codeLens')
    assert.deepEqual(
      lenses.map(({ command }) => command?.title),
      ['$(play) Run', 'Dry run'],
    )
    const hints = await recipe.request<InlayHint[]>('textDocument/inlayHint', { range: whole })
    assert.ok(hints.some(({ label }) => String(label).startsWith('12 modules')))
  })

  it('is checked where it will be saved', async () => {
    const codes = async (path: string) => (await (await server.open(path, good)).diagnostics()).map((d) => d.code)
    assert.deepEqual(await codes(`untitled:${join(folder, 'new.prune.yaml')}`), ['few-samples'])
    assert.deepEqual(await codes(`untitled:${join(folder, 'elsewhere', 'new.prune.yaml')}`), [
      'model-missing',
      'data-file-missing',
      'few-samples',
    ])
    assert.deepEqual(await codes('untitled:Untitled-1'), ['few-samples'])
    // After a reload of a remote window, the address names the server too.
    for (const server of ['127.0.0.1:8123', 'wsl%2Bubuntu'])
      assert.deepEqual(await codes(`untitled://${server}${join(folder, 'new.prune.yaml')}`), ['few-samples'])
  })

  it('counts no modules of a target where the model is missing', async () => {
    const missing = good.replace('model: opt', 'model: elsewhere')
    const hints = await (await open(missing)).request<InlayHint[]>('textDocument/inlayHint', { range: whole })
    assert.deepEqual(
      hints.map(({ label }) => label).filter((label) => /module/.test(String(label))),
      [],
    )
    const hover = await (await open(missing)).at<Hover>('textDocument/hover', missing.replace('[Linear]', '[Li|near]'))
    assert.doesNotMatch(JSON.stringify(hover), /Matches/)
  })
})
