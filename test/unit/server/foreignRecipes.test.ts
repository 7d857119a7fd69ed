import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CodeLens } from 'vscode-languageserver/node'
import { startServer } from '../../support/languageServer.ts'

describe('the language server and recipes of other tools', () => {
  let folder = ''
  let server: Awaited<ReturnType<typeof startServer>>
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sparsescope-lsp-'))
    server = await startServer()
  })
  after(async () => {
    await server?.stop()
    if (folder) await rm(folder, { recursive: true })
  })

  it("offers to convert other tools' recipes and leaves other YAML alone", async () => {
    const foreign = 'a_stage:\n  a_modifiers:\n    WandaPruningModifier: {sparsity: 0.5, targets: Linear}\n'
    const recipe = await server.open(join(folder, 'recipe.yaml'), foreign, 'yaml')
    const found = await recipe.diagnostics()
    assert.deepEqual(found.map((d) => d.code).sort(), ['foreign-recipe', 'targets-not-a-list'])
    assert.equal(found[0].range.end.line, 0, 'the first key only, not every line')
    const actions = await recipe.actions(found[0])
    const convert = actions[0]
    assert.equal(convert.title, 'Convert to SparseScope recipe')
    assert.ok(convert.isPreferred)
    const fixes = actions.filter(({ kind }) => kind === 'quickfix').map(({ title }) => title)
    assert.ok(fixes.at(-1)?.startsWith('Disable '), fixes.join('; '))
    const edit = convert.edit?.documentChanges?.[1] as { edits: { newText: string }[] } | undefined
    assert.match(edit?.edits[0].newText ?? '', /method: wanda/)
    const lenses = await recipe.request<CodeLens[]>('textDocument/codeLens')
    assert.deepEqual(
      lenses.map(({ command, range }) => [command?.title, command?.arguments, range.end.line]),
      [['Convert to SparseScope', [recipe.uri], 0]],
    )
    const other = await server.open(join(folder, 'compose.yaml'), 'services: {}\n', 'yaml')
    assert.deepEqual(await other.diagnostics(), [])
  })
})
