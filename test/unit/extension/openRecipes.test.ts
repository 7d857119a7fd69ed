// Recipes of a model that are open: a person is asked which one is meant, also where there is one.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { useMarked } from '../../../src/extension/inspector/markedMatrices.ts'
import type { measureInPlace } from '../../../src/extension/inspector/measureInPlace.ts'
import { readDocument } from '../../../src/recipe/document.ts'
import { applyEdits } from '../../support/applyEdits.ts'
import type { TextEdit } from '../../../src/recipe/finding.ts'
import { extensionModule } from '../../support/extensionModule.ts'
import { recordedModel } from '../../webview/harness/recorded.ts'

interface Item {
  label: string
  description?: string
  value?: unknown
}

describe('recipes of a model that are open', () => {
  let folder = ''
  let weights = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'openRecipes-'))
    mkdirSync(join(folder, 'm'))
    weights = join(folder, 'm/model.safetensors')
    writeFileSync(weights, '')
    for (const name of ['a.txt', 'b.txt']) writeFileSync(join(folder, name), 'text')
  })
  after(() => rmSync(folder, { recursive: true }))

  const recipe = (model: string, text: string) =>
    `version: 1\nmodel: ${model}\nprune:\n  - method: wanda # the first\n    sparsity: 0.5\n  - method: magnitude\n    sparsity: 0.2\n    ignore: [head]\ncalibration:\n  data: ${text}\nsave:\n  to: out\n`

  /** VS Code with these recipes open, in which `choose` answers each question. */
  function studio(texts: Readonly<Record<string, string>>, choose: (items: Item[]) => Item | undefined) {
    const documents = Object.entries(texts).map(([name, text]) => {
      const fsPath = join(folder, name)
      return { uri: { fsPath, path: fsPath, toString: () => fsPath }, languageId: 'prune-recipe', getText: () => text }
    })
    class TabInputText {
      uri: unknown
      constructor(uri: unknown) {
        this.uri = uri
      }
    }
    const edited: Record<string, string> = {}
    const messages: string[] = []
    const asked: Item[][] = []
    const copied: string[] = []
    const vscode = {
      l10n: {
        t: (text: string, ...values: unknown[]) => text.replace(/\{(\d)\}/g, (_, i) => String(values[Number(i)])),
      },
      env: { clipboard: { writeText: (text: string) => Promise.resolve(copied.push(text)) } },
      ViewColumn: { Beside: -2 },
      TabInputText,
      Uri: { file: (fsPath: string) => ({ fsPath }) },
      RelativePattern: class {},
      Range: class {
        start: object
        end: object
        constructor(...[a, b, c, d]: number[]) {
          this.start = { line: a, character: b }
          this.end = { line: c, character: d }
        }
      },
      WorkspaceEdit: class {
        edits: { path: string; edit: TextEdit }[] = []
        replace(uri: { fsPath: string }, range: TextEdit['range'], newText: string) {
          this.edits.push({ path: uri.fsPath, edit: { range, newText } })
        }
      },
      window: {
        tabGroups: { all: [{ tabs: documents.map(({ uri }) => ({ input: new TabInputText(uri) })) }] },
        visibleTextEditors: [],
        showQuickPick: (items: Item[]) => {
          asked.push(items)
          return Promise.resolve(choose(items))
        },
        showInformationMessage: (text: string) => messages.push(text),
        showTextDocument: () => undefined,
      },
      workspace: {
        isTrusted: true,
        textDocuments: documents,
        asRelativePath: ({ fsPath }: { fsPath: string }) => fsPath,
        findFiles: () => Promise.resolve([]),
        getConfiguration: () => ({ get: () => undefined }),
        applyEdit: ({ edits }: { edits: { path: string; edit: TextEdit }[] }) => {
          for (const { uri, getText } of documents) {
            const own = edits.filter(({ path }) => path === uri.fsPath).map(({ edit }) => edit)
            if (own.length > 0) edited[uri.fsPath] = applyEdits(readDocument(getText()), own)
          }
          return Promise.resolve(true)
        },
      },
    }
    return { vscode, edited, messages, asked, copied }
  }

  const model = recordedModel(3)
  const inBlock = (wanted: number) =>
    model.tensors.flatMap(({ name, role, block }) => (role === 'linear' && block === wanted ? [name] : []))

  async function mark(vscode: object, as: 'targets' | 'ignore' | 'recipe', names: string[]): Promise<void> {
    const { useMarked: run } = await extensionModule<{ useMarked: typeof useMarked }>('inspector/markedMatrices.ts', {
      vscode,
    })
    const session = { path: weights, known: () => Promise.resolve({ model, stats: [], analysis: null }) }
    await run(session, { as, names })
  }

  const put = async (texts: Readonly<Record<string, string>>, choose: (items: Item[]) => Item | undefined) => {
    const { vscode, ...seen } = studio(texts, choose)
    await mark(vscode, 'recipe', inBlock(0))
    return seen
  }

  it('marked matrices go into the entry that is chosen, which keeps its comments', async () => {
    const texts = {
      'a.prune.yaml': recipe('m', 'a.txt'),
      'b.prune.yaml': recipe('m', 'b.txt'),
      'c.prune.yaml': recipe('x', 'a.txt'),
    }
    const { edited, asked } = await put(texts, (items) =>
      items.find(
        ({ label, description }) => label === 'Prune only these' && /^b.*entry 1: wanda/.test(description ?? ''),
      ),
    )
    assert.equal(asked[0].length, 8, 'two ways for each of two entries of the two recipes of the model')
    const after = edited[join(folder, 'b.prune.yaml')]
    assert.deepEqual(Object.keys(edited), [join(folder, 'b.prune.yaml')])
    assert.ok(
      after.includes(
        '  - method: wanda # the first\n    sparsity: 0.5\n    targets: ["re:model\\\\.decoder\\\\.layers\\\\.0\\\\."]\n',
      ),
      after,
    )
  })

  it('the ignored modules of an entry are replaced', async () => {
    const { edited } = await put({ 'a.prune.yaml': recipe('m', 'a.txt') }, (items) =>
      items.find(({ label, description }) => label === 'Leave these alone' && description?.includes('entry 2')),
    )
    assert.ok(
      edited[join(folder, 'a.prune.yaml')].includes('    ignore: ["re:model\\\\.decoder\\\\.layers\\\\.0\\\\."]\n'),
    )
  })

  it('marked matrices are copied as a line of a recipe, targets or ignore', async () => {
    const { vscode, copied } = studio({}, () => undefined)
    await mark(vscode, 'targets', [...inBlock(0), ...inBlock(1)])
    await mark(vscode, 'ignore', inBlock(1).slice(0, 1))
    assert.deepEqual(copied, [
      String.raw`targets: ["re:model\\.decoder\\.layers\\.(0|1)\\."]`,
      'ignore: ["model.decoder.layers.1.self_attn.q_proj"]',
    ])
  })

  it('an entry that is an alias is not changed, and a message says so', async () => {
    const text = recipe('m', 'a.txt')
      .replace('prune:\n  - method', 'prune:\n  - &first\n    method')
      .replace('calibration', '  - *first\ncalibration')
    const { edited, messages } = await put({ 'a.prune.yaml': text }, (items) =>
      items.find(({ description }) => description?.includes('entry 3')),
    )
    assert.deepEqual(edited, {})
    assert.match(messages[0], /This entry under prune is an alias/)
  })

  it('nothing changes when the person cancels, or if no recipe of the model is open', async () => {
    const left = await put({ 'a.prune.yaml': recipe('m', 'a.txt') }, () => undefined)
    assert.deepEqual([left.edited, left.messages], [{}, []])
    const none = await put({ 'c.prune.yaml': recipe('x', 'a.txt') }, ([first]) => first)
    assert.deepEqual([none.edited, none.asked], [{}, []])
    assert.match(none.messages[0], /^No open recipe of this model/)
  })

  it('measuring in place asks for a text, also if one recipe of the model is open, and measures the losses of blocks too', async () => {
    const { vscode, asked } = studio({ 'a.prune.yaml': recipe('m', 'a.txt') }, ([first]) => first)
    const { measureInPlace: run } = await extensionModule<{ measureInPlace: typeof measureInPlace }>(
      'inspector/measureInPlace.ts',
      { vscode },
    )
    const begun: unknown[] = []
    const session = { path: weights, analyse: (request: unknown) => Promise.resolve(begun.push(request)) }
    const known = { calibration: null, sparsities: [0.5], patterns: [], sensitivity: 'block', soFar: null }
    const call = () => Promise.resolve(known)
    await run(...([session, call] as unknown as Parameters<typeof measureInPlace>))
    assert.deepEqual(asked[0].map(({ label, description }) => [label, description]).slice(0, 1), [
      ['a.txt', 'as in a.prune.yaml'],
    ])
    assert.deepEqual(begun, [
      {
        calibration: { data: join(folder, 'a.txt') },
        methods: ['wanda'],
        sparsities: [0.5],
        patterns: [],
        sensitivity: 'block',
      },
    ])
  })
})
