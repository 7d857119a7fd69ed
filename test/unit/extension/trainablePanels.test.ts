// The view of which weights train in its host: a recipe that it edits, a run that it follows, a result that it reads.
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { trainedBy } from '../../../src/backend/origin.ts'
import type { Movement, RunEvent } from '../../../src/runs/series/events.ts'
import type { ToTrainable } from '../../../src/protocol/view.ts'
import type * as module from '../../../src/extension/trainable/trainablePanels.ts'
import { extensionModule } from '../../support/extensionModule.ts'
import { until } from '../../support/until.ts'
import { recordedModel } from '../../webview/harness/recorded.ts'
import { recordedTraining } from '../../webview/harness/recordedTraining.ts'

const nothing = () => ({ dispose: () => undefined })
const uriOf = (fsPath: string) => ({ fsPath, scheme: 'file', path: fsPath, toString: () => `file://${fsPath}` })
const movement: Movement = { moved: 0.25, rows: [{ at: 3, share: 0.5 }], columns: [] }
const { plan } = recordedTraining(recordedModel(2))

class WorkspaceEdit {
  readonly edits: { start: number[]; newText: string }[] = []
  replace(_: unknown, { start }: { start: number[] }, newText: string): void {
    this.edits.push({ start, newText })
  }
  get size(): number {
    return this.edits.length
  }
}

describe('the panels of which weights train', () => {
  let folder: string
  let posted: ToTrainable[]
  let titles: string[]
  let called: unknown[][]
  let edits: WorkspaceEdit['edits']
  let receive: (message: object) => void
  let changed: (folders: string[]) => void
  let saved: string | null
  /** Called when a recipe in the editor is saved. */
  let savedText: (document: object) => void
  /** Plans to answer with, one call each; then the recorded one. */
  let answers: Promise<object>[]
  let panels: module.TrainablePanels

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'trainable-'))
    ;[posted, titles, called, edits, saved, answers] = [[], [], [], [], null, []]
    const text = 'recover:\n  - mode: refit\n  - mode: retrain\n    train: [norm]\n'
    const vscode = {
      l10n: { t: (words: string, ...values: string[]) => words.replace(/\{(\d)\}/g, (_, i) => values[Number(i)]) },
      ViewColumn: { Beside: -2 },
      Uri: {
        file: uriOf,
        joinPath: (base: { fsPath: string }, ...parts: string[]) => uriOf(join(base.fsPath, ...parts)),
      },
      Range: class {
        readonly start: number[]
        constructor(...at: number[]) {
          this.start = at.slice(0, 2)
        }
      },
      WorkspaceEdit,
      commands: { executeCommand: (...args: unknown[]) => void called.push(args) },
      window: {
        createWebviewPanel(_: string, title: string) {
          titles.push(title)
          const webview = {
            postMessage: (message: ToTrainable) => posted.push(message),
            onDidReceiveMessage: (listen: typeof receive) => {
              receive = listen
              return nothing()
            },
            asWebviewUri: (uri: object) => uri,
          }
          return { webview, reveal: () => titles.push('revealed'), onDidDispose: nothing }
        },
      },
      workspace: {
        isTrusted: true,
        onDidSaveTextDocument: (listen: typeof savedText) => {
          savedText = listen
          return nothing()
        },
        onDidGrantWorkspaceTrust: nothing,
        onDidChangeConfiguration: nothing,
        getConfiguration: () => ({ get: () => undefined }),
        openTextDocument: async (uri: object) => ({ uri, fileName: 'r', getText: () => text }),
        applyEdit: async (edit: WorkspaceEdit) => void (edits = edit.edits),
      },
    }
    const { TrainablePanels } = await extensionModule<typeof module>('trainable/trainablePanels.ts', { vscode })
    const call = async (name: string, params: { path: string }) =>
      name === 'trained' ? trainedBy(params.path) : { ...plan, model: '/models/opt', ...(await answers.shift()) }
    const store = {
      onChange: (listen: typeof changed) => {
        changed = listen
        return nothing()
      },
      refresh: async () => ({ saved }),
      get: () => ({ saved }),
    }
    const services = {
      extensionUri: uriOf('/extension'),
      call,
      log: { failed: (error: unknown) => assert.fail(String(error)) },
    }
    type Given = ConstructorParameters<typeof TrainablePanels>
    panels = new TrainablePanels(...([services, store] as unknown as Given))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const said = <T extends ToTrainable['type']>(type: T, enough = 1) =>
    until(type, () => {
      const found = posted.filter((one) => one.type === type)
      return found.length >= enough && (found.at(-1) as Extract<ToTrainable, { type: T }>)
    })

  it('call a dry run by its name, and open a recipe once', async () => {
    const uri = uriOf(join(folder, 'a.prune.yaml')) as never
    panels.show({ kind: 'dryRun', uri })
    panels.show({ kind: 'recipe', uri })
    panels.show({ kind: 'recipe', uri })
    assert.deepEqual(titles, ['Dry run: a.prune.yaml', 'Trainable: a.prune.yaml', 'revealed'])
    receive({ type: 'ready' })
    const { of, hasWeights } = await said('plan')
    assert.deepEqual([of, hasWeights], ['recipe', false])
  })

  it('write a proposal into the recipe at the recovery that is meant, and plan anew', async () => {
    panels.show({ kind: 'recipe', uri: uriOf(join(folder, 'a.prune.yaml')) as never })
    receive({ type: 'ready' })
    await said('plan')
    receive({ type: 'train', recovery: 1, budget: { train: ['norm', 'mask_lora'], rank: 8 } })
    await said('plan', 2)
    assert.deepEqual(edits, [
      { start: [3, 11], newText: '[norm, mask_lora]' },
      { start: [4, 0], newText: '    lora: {rank: 8}\n' },
    ])
  })

  it('show the plan of the last save, also if that of an earlier one is made later', async () => {
    const uri = uriOf(join(folder, 'a.prune.yaml'))
    panels.show({ kind: 'recipe', uri: uri as never })
    receive({ type: 'ready' })
    await said('plan')
    let finish: (plan: object) => void = () => undefined
    const slow = new Promise<object>((resolve) => (finish = resolve))
    answers = [slow, Promise.resolve({ warnings: ['of the last save'] })]
    savedText({ uri })
    savedText({ uri })
    await said('plan', 2)
    finish({ warnings: ['of an earlier save'] })
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.deepEqual((await said('plan')).plan.warnings, ['of the last save'])
  })

  it('follow a run: what it says comes at once and then in parts, and matrices once its result is saved', async () => {
    const line = (event: RunEvent) => `${JSON.stringify(event)}\n`
    const events = join(folder, 'events.jsonl')
    writeFileSync(events, line({ t: 1, type: 'moved', recovery: 1, block: 0, tensors: { a: movement } }))
    panels.show({ kind: 'run', uri: uriOf(folder) as never })
    receive({ type: 'ready' })
    assert.deepEqual((await said('training', 2)).update.moved, { 1: { a: movement } })
    appendFileSync(events, line({ t: 2, type: 'phase', phase: 'retrain', recovery: 2 }))
    changed([folder])
    const { isAnew, update } = await said('training', 3)
    assert.deepEqual([isAnew, update.at, update.moved], [false, { recovery: 2, block: null, step: null }, {}])
    saved = '/models/out'
    changed([folder])
    assert.equal((await said('plan', 2)).hasWeights, true)
    receive({ type: 'openMatrix', name: 'a' })
    assert.deepEqual(called.at(-1)?.[2], 'a')
  })

  it('read a result by its note, and say why a checkpoint without one cannot be shown', async () => {
    const note = {
      ...{ versions: { sparsescope: '0.1.0' }, device: 'cpu', trainable: null, evaluations: [] },
      recipe: { version: 1, model: 'm', prune: [{}], recover: { mode: 'retrain', data: 'a' } },
      moved: [{ recovery: 0, block: 1, tensors: { 'a.weight': movement } }],
      tensors: { 'a.weight': { zeros: 2, sparsity: 0.5 } },
    }
    const uri = uriOf(join(folder, 'model.safetensors')) as never
    panels.show({ kind: 'result', uri })
    receive({ type: 'ready' })
    assert.match((await said('failed')).message, /no sparsescope\.json of a run/)
    writeFileSync(join(folder, 'sparsescope.json'), JSON.stringify(note))
    receive({ type: 'retry' })
    assert.equal((await said('plan')).hasWeights, true)
    const { update } = await said('training')
    assert.deepEqual([update.moved, update.sparsities], [{ 0: { 'a.weight': movement } }, { 'a.weight': 0.5 }])
  })
})
