// The tree's models without an editor: what is read before somebody looks at them.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Models } from '../../../../src/extension/models/models.ts'
import type { watchModels } from '../../../../src/extension/models/watchModels.ts'
import { extensionModule } from '../../../support/extensionModule.ts'
import { importsOf } from '../../../support/imports.ts'
import { scratch, type Scratch } from '../../../support/scratch.ts'
import { until } from '../../../support/until.ts'

describe('models of a workspace', () => {
  let temp: Scratch
  let vscode: object
  const contexts: unknown[] = []
  const created: ((uri: { fsPath: string }) => void)[] = []
  const uri = (fsPath: string) => ({ fsPath, path: fsPath })
  const nothing = { dispose: () => undefined }
  before(() => {
    temp = scratch()
    const event = () => nothing
    vscode = {
      commands: { executeCommand: (...args: unknown[]) => (contexts.push(args), Promise.resolve()) },
      Disposable: { from: () => nothing },
      EventEmitter: class {
        private readonly listeners: (() => void)[] = []
        readonly event = (listener: () => void) => (this.listeners.push(listener), nothing)
        readonly fire = () => this.listeners.forEach((listener) => listener())
      },
      l10n: { t: String },
      RelativePattern: class {},
      Uri: { file: uri },
      workspace: {
        findFiles: (pattern: string) =>
          Promise.resolve(
            pattern.includes('index') || pattern.includes('gguf') ? [] : [uri(temp.path('a/model.safetensors'))],
          ),
        asRelativePath: () => 'a',
        onDidChangeWorkspaceFolders: event,
        createFileSystemWatcher: (pattern: unknown) => ({
          ...nothing,
          onDidCreate: (listener: (typeof created)[number]) => {
            if (pattern === '**/*') created.push(listener)
            return nothing
          },
          onDidChange: event,
          onDidDelete: event,
        }),
      },
    }
  })
  const settle = (ms = 20) => new Promise((resolve) => setTimeout(resolve, ms))

  it('are known by their names alone, and are read only when they are shown', async () => {
    const modelsModule = await extensionModule<{ Models: typeof Models }>('models/models.ts', { vscode })
    const watchModule = await extensionModule<{ watchModels: typeof watchModels }>('models/watchModels.ts', { vscode })
    const read: string[] = []
    const list = (path: string) => (read.push(path), Promise.resolve(null))
    const models = new modelsModule.Models({ get: () => null } as never, { list })
    const before = process.env.HF_HUB_CACHE
    process.env.HF_HUB_CACHE = temp.path('hub')
    try {
      watchModule.watchModels(models)
      await settle()
      for (let i = 0; i < 1000; i++) created[0]({ fsPath: temp.path(`b/${i}.safetensors`) })
      await until('a look at the new files', () => contexts.length > 1)
      await settle()
      const shared = ['setContext', 'sparsescope.modelFolders', [temp.path('a')]]
      // Once at the beginning, and once for all files that came.
      assert.deepEqual(contexts, [shared, shared])
      // Other files change nothing, but one of them may be a folder, and many contain one.
      for (const name of ['a.txt', 'b.txt']) created[0]({ fsPath: temp.write(name, '') })
      await settle(600)
      assert.equal(contexts.length, 2)
      for (const path of [temp.path('a.txt'), temp.path('')]) created[0]({ fsPath: path })
      await until('another look', () => contexts.length > 2)
      await settle()
      assert.equal(contexts.length, 3)
      for (let i = 0; i < 1000; i++) created[0]({ fsPath: temp.path(`${i}.py`) })
      await until('a third look', () => contexts.length > 3)
      await settle()
      assert.equal(contexts.length, 4)
      assert.deepEqual(read, [])
      const { workspace } = await models.find()
      assert.deepEqual(read, [temp.path('a/model.safetensors')])
      assert.deepEqual(
        workspace.map(({ facts }) => facts),
        [null],
      )
    } finally {
      if (before === undefined) delete process.env.HF_HUB_CACHE
      else process.env.HF_HUB_CACHE = before
    }
  })

  it('are opened by no file of the extension but its thread', () => {
    const root = new URL('../../../../', import.meta.url).pathname
    const paths = readdirSync(join(root, 'src'), { recursive: true }).map(
      (name) => `src/${String(name).replaceAll('\\', '/')}`,
    )
    const sources = paths.filter((path) => path.endsWith('.ts'))
    const imports = importsOf(new Map(sources.map((path) => [path, readFileSync(join(root, path), 'utf8')])))
    const importers = (target: string) =>
      [...imports].flatMap(([path, targets]) =>
        path.startsWith('src/extension/') && targets.includes(target) ? [path] : [],
      )
    assert.deepEqual(importers('src/engine/checkpoint/inspection.ts'), ['src/extension/models/factsWorker.ts'])
    assert.deepEqual(importers('src/extension/models/factsWorker.ts'), [])
  })
})
