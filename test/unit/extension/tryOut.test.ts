import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Caller, CallOptions } from '../../../src/extension/backend/calls.ts'
import { madeFrom, sourceOf } from '../../../src/runs/folder/recipes.ts'
import { columnsFrom, columnsOf, columnsOfRun, pairsOf } from '../../../src/extension/models/columns.ts'
import { createTrial } from '../../../src/extension/views/trial.ts'
import type { ParamsOf } from '../../../src/protocol/parameters.ts'
import type { ToTry } from '../../../src/protocol/view.ts'
import { scratch } from '../../support/scratch.ts'

const note = (model: string, to: string, recover?: object) => ({
  recipe: { model, save: { to }, ...(recover && { recover }) },
})

describe('what a checkpoint was made from', () => {
  it('is found from the note, in whatever folder the recipe was', () => {
    assert.equal(madeFrom(note('../opt', '../opt-wanda'), '/m/opt-wanda')?.model, '/m/opt')
    assert.equal(madeFrom(note('opt', 'out/a'), '/m/out/a')?.model, '/m/opt')
    assert.equal(madeFrom(note('hf:org/name', 'out'), '/m/out')?.model, 'hf:org/name')
    assert.equal(madeFrom(note('/abs/opt', '/abs/out'), '/abs/out')?.model, '/abs/opt')
    assert.equal(madeFrom(note('opt', 'out'), '/m/out')?.onlyPruned, true)
    assert.equal(madeFrom(note('opt', 'out', { mode: 'refit' }), '/m/out')?.onlyPruned, false)
  })

  it('is unknown if the note says something else', () => {
    for (const bad of [
      null,
      [],
      'x',
      { recipe: 3 },
      { recipe: { model: 3 } },
      note('a\0b', 'out'),
      { recipe: { model: 'm' } },
    ])
      assert.equal(madeFrom(bad, '/m/out'), null)
  })

  it('is the first column, where it still exists', async () => {
    const folder = scratch().folder
    mkdirSync(join(folder, 'out'))
    writeFileSync(join(folder, 'out', 'sparsescope.json'), JSON.stringify(note('opt', 'out', { mode: 'refit' })))
    const weights = join(folder, 'out', 'model.safetensors')
    assert.deepEqual(
      (await columnsOf(weights)).map(({ role }) => role),
      [''],
    )
    mkdirSync(join(folder, 'opt'))
    assert.deepEqual(
      (await columnsOf(weights)).map(({ label, role }) => [label, role]),
      [
        ['opt', 'dense'],
        ['out', 'recovered'],
      ],
    )
    assert.equal(await sourceOf(join(folder, 'opt')), null)
  })

  it('gives for a run the dense model, the pruned one and the result', () => {
    const folder = scratch().folder
    const recover = { mode: 'reconstruct' as const }
    const shown = (method: 'wanda' | 'sparsegpt', more: object = { recover }, pruned: string | null = null) => {
      const { columns, note } = columnsOfRun(
        '/m/opt',
        { result: folder, pruned },
        {
          prune: [{ method: 'magnitude' }, { method }],
          ...more,
        },
      )
      return [columns.map(({ role, mask }) => (mask ? `${role} by mask` : role)).join(', '), note]
    }
    assert.deepEqual(shown('wanda'), ['dense, pruned by mask, recovered', null])
    assert.match(
      String(shown('sparsegpt')),
      /^dense, recovered,The model before recovery is missing here: SparseGPT also changes .*save\.pruned/,
    )
    assert.deepEqual(shown('wanda', {}), ['dense, pruned', null])
    assert.deepEqual(shown('wanda', { prune: [], recover }), ['dense, recovered', null])
    assert.deepEqual(shown('sparsegpt', { recover }, folder), ['dense, pruned, recovered', null])
    assert.match(String(shown('wanda', { recover }, join(folder, 'gone'))), /gone no longer exists/)
    const saved = { result: folder, pruned: null }
    const { columns } = columnsOfRun('/m/opt', saved, { prune: [{ method: 'wanda' }], recover })
    const pairs = pairsOf(columns).map(({ a, b }) => `${a.role} ↔ ${b.role}`)
    assert.deepEqual(pairs, ['pruned ↔ recovered', 'dense ↔ recovered', 'dense ↔ pruned'])
    const [, pruned] = columns
    assert.deepEqual(pruned, { path: '/m/opt', mask: folder, role: 'pruned', label: 'opt under the mask of this run' })
    assert.deepEqual(columnsFrom({ columns: [pruned] }), [pruned], 'a reloaded window shows the same')
  })

  it('is checked in the columns of a reloaded window', () => {
    const found = columnsFrom({
      columns: [{ path: '/m/opt', role: 'dense', label: 'x' }, { path: 3 }, null, { path: '' }],
    })
    assert.deepEqual(found, [{ path: '/m/opt', role: 'dense', label: 'opt' }])
    for (const bad of [undefined, null, 3, {}, { columns: 'x' }]) assert.deepEqual(columnsFrom(bad), [])
  })
})

describe('a trial of prompts', () => {
  /** A backend whose calls end when the test says so. */
  function fake(chat: readonly boolean[] = []) {
    const calls: {
      params: ParamsOf<'tryOut'>
      options: CallOptions<'tryOut'>
      end: (device: string) => void
      fail: (error: Error) => void
    }[] = []
    const call = ((name: string, params: ParamsOf<'tryOut'>, options: CallOptions<'tryOut'>) =>
      new Promise((resolve, reject) => {
        if (name === 'chatTemplates') return resolve(chat)
        calls.push({ params, options, end: (device) => resolve({ device }), fail: reject })
        options.signal?.addEventListener('abort', () => reject(new Error('cancelled')))
      })) as unknown as Caller
    const told: ToTry[] = []
    const isCancellation = (error: unknown) => error instanceof Error && error.message === 'cancelled'
    const trial = createTrial({ call, post: (m) => void told.push(m), memoryBytes: () => null, isCancellation })
    return { calls, told, trial }
  }
  const columns = [{ path: '/m/opt', label: 'opt', role: '' }]
  const opening = { type: 'opening', column: 0 } as const

  it('gives a reopened view all that was written', async () => {
    const { calls, told, trial } = fake()
    trial.setColumns(columns)
    const done = trial.generate(['p'], 4)
    calls[0].options.onProgress?.(opening)
    calls[0].end('cpu')
    await done
    const before = [...told]
    told.length = 0
    trial.replay()
    assert.deepEqual(told, before)
    assert.deepEqual(told.at(-1), { type: 'ended', status: 'done', message: null, device: 'cpu' })
  })

  it('ends at a newer prompt, and drops words that arrive late', async () => {
    const { calls, told, trial } = fake()
    trial.setColumns(columns)
    const first = trial.generate(['old'], 4)
    const second = trial.generate(['new'], 4)
    calls[0].options.onProgress?.(opening)
    calls[1].fail(new Error('out of memory'))
    await Promise.all([first, second])
    assert.deepEqual(
      told.map(({ type }) => type),
      ['columns', 'begun', 'begun', 'ended'],
    )
    assert.deepEqual(told.at(-1), { type: 'ended', status: 'failed', message: 'out of memory', device: null })
  })

  it('offers a conversation where all columns have a chat template, sends its turns on, and forgets them', async () => {
    const { calls, told, trial } = fake([true])
    trial.setColumns(columns)
    await new Promise(setImmediate)
    assert.deepEqual(told.at(-1), { type: 'chat', possible: true })
    const turns = [{ prompt: 'Hi', answers: ['Hello!'] }]
    const done = trial.generate(['And now?'], 4, turns)
    assert.deepEqual(calls[0].params.turns, turns)
    calls[0].end('cpu')
    await done
    told.length = 0
    trial.replay()
    assert.deepEqual(told.slice(1, 3), [
      { type: 'chat', possible: true },
      { type: 'begun', prompts: ['And now?'], turns },
    ])
    trial.clear()
    told.length = 0
    trial.replay()
    assert.deepEqual(
      told.map(({ type }) => type),
      ['columns', 'chat'],
    )
  })

  it('offers no chat where one column has no chat template', async () => {
    const { told, trial } = fake([true, false])
    trial.setColumns([...columns, ...columns])
    await new Promise(setImmediate)
    assert.deepEqual(
      told.map(({ type }) => type),
      ['columns'],
    )
  })

  it('says that it was stopped, and ends silently for other columns', async () => {
    const { told, trial } = fake()
    trial.setColumns(columns)
    const first = trial.generate(['p'], 4)
    trial.stop()
    await first
    assert.deepEqual(told.at(-1), { type: 'ended', status: 'stopped', message: null, device: null })
    const second = trial.generate(['p'], 4)
    trial.setColumns([])
    await second
    assert.deepEqual(told.at(-1), { type: 'columns', columns: [], note: null })
  })
})
