// What an editor sees of a list of data files.
import assert from 'node:assert/strict'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CompletionItem, DocumentLink, Hover } from 'vscode-languageserver/node'
import { goodRecipe as good, labels, startServer } from '../../support/languageServer.ts'
import { scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'

describe('the language server', () => {
  let folder = ''
  let server: Awaited<ReturnType<typeof startServer>>

  before(async function () {
    folder = scratch().folder
    await cp(goldenPath('opt'), join(folder, 'opt'), { recursive: true })
    await cp(goldenPath('opt', 'prune', 'calib.safetensors'), join(folder, 'calib.safetensors'))
    await writeFile(join(folder, 'text.jsonl'), '{"text": "a b c", "title": "t"}\n')
    server = await startServer()
  })
  after(async () => {
    await server?.stop()
  })

  it('has completion, hover and a link for each file of a list', async () => {
    const of = (files: string) => good.replace('data: calib.safetensors', `data: [${files}]`)
    const recipe = await server.open(join(folder, 'r.prune.yaml'), of('text.jsonl, calib.safetensors'))
    const links = await recipe.request<DocumentLink[]>('textDocument/documentLink')
    const files = links.map(({ target }) => target?.split('/').at(-1))
    assert.deepEqual(files.slice(1, 3), ['text.jsonl', 'calib.safetensors'])
    const hover = await recipe.at<Hover>('textDocument/hover', of('text.jsonl, calib.safe|tensors'))
    assert.match(JSON.stringify(hover.contents), /ids \[16, 16\]/)
    const offered = await recipe.at<{ items: CompletionItem[] } | CompletionItem[]>(
      'textDocument/completion',
      of('text.jsonl, c|'),
    )
    assert.ok(labels(offered).includes('calib.safetensors'))
    const fields = await recipe.at<{ items: CompletionItem[] } | CompletionItem[]>(
      'textDocument/completion',
      of('text.jsonl, calib.safetensors').replace('samples: 16', 'field: t|, samples: 16'),
    )
    assert.ok(labels(fields).includes('title'))
  })
})
