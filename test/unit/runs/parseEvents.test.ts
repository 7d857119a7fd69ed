import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseEvents } from '../../../src/runs/events/parseEvents.ts'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import { emptyPicture, foldEvents } from '../../../src/runs/series/foldRun.ts'

const module = { size: 4, zeros: 2, sparsity: 0.5 }
const good: RunEvent[] = [
  { t: 0, type: 'start', name: 'a', model: 'm', device: 'cpu', description: 'c', version: '1', blocks: 2 },
  { t: 1, type: 'phase', phase: 'prune' },
  { t: 1, type: 'progress', phase: 'prune', done: 1, total: 2, unit: 'windows', eta_s: null, overall: 0.5 },
  { t: 2, type: 'step', block: 0, step: 1, loss: null, lr: 1e-3, tokens_per_second: 5 },
  { t: 3, type: 'block', block: 0, modules: { q: module }, error_before: 1, error_after: 0.5, seconds: 1 },
  { t: 4, type: 'eval', stage: 'dense', entry: 0, task: 'perplexity', data: 'd', seq_len: 8, perplexity: null },
  { t: 4, type: 'eval', stage: 'pruned', entry: 1, task: 'piqa', data: 'd', acc: 0.5, acc_norm: 0.6, stderr: null },
  {
    t: 0,
    type: 'start',
    name: 'a',
    model: 'm',
    device: 'cpu',
    description: 'c',
    version: '1',
    blocks: 2,
    recoveries: ['refit', 'retrain'],
  },
  { t: 4, type: 'phase', phase: 'retrain', recovery: 1 },
  { t: 4, type: 'step', recovery: 1, step: 1, loss: 2, lr: 1e-3, tokens_per_second: 5 },
  {
    t: 4,
    type: 'block',
    block: 0,
    modules: {},
    errors: [{ recovery: 1, error_before: 1, error_after: 0.5 }],
    seconds: 1,
  },
  { t: 4, type: 'eval', stage: 'recovered', step: 3, recovery: 1, entry: 0, perplexity: 5 },
  { t: 5, type: 'memory', rss_mb: 1, device_mb: 2 },
  { t: 5, type: 'progress', phase: 'a', done: 1, total: 2, unit: 'x', eta_s: 2 },
  { t: 6, type: 'warning', message: 'w' },
  { t: 7, type: 'saved', path: 'out' },
  { t: 8, type: 'end', status: 'done' },
]

describe('the events of a file', () => {
  it('are read as they were written, of each kind', () => {
    assert.deepEqual(parseEvents(good.map((event) => JSON.stringify(event))), good)
  })

  it('leave out an evaluation of an unknown task or of no entry', () => {
    const measured = { t: 4, type: 'eval', stage: 'dense', entry: 0, task: 'piqa', acc: 0.5 }
    for (const changed of [{ task: 'nobody knows' }, { task: '__proto__' }, { task: 5 }, { entry: undefined }])
      assert.deepEqual(parseEvents([JSON.stringify({ ...measured, ...changed })]), [])
    assert.deepEqual(parseEvents([JSON.stringify(measured)]), [measured])
  })

  it('leave out what is no event, and what is left in can be drawn', () => {
    const field = fc.constantFrom(...new Set(good.flatMap((event) => Object.keys(event))))
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom(undefined, 'block', '__proto__', 'constructor'))
    const mutated = fc
      .tuple(fc.constantFrom(...good), field, value)
      .map(([event, key, other]) => JSON.stringify({ ...event, [key]: other }))
    const line = fc.oneof(mutated, fc.json(), fc.string())
    fc.assert(fc.property(fc.array(line), (lines) => void foldEvents(emptyPicture(), parseEvents(lines))))
  })

  it('have no more blocks than a model', () => {
    const [start, , , step, block] = good
    const bad = [3e5, -1, 0.5, '2', null].flatMap((n) => [
      { ...start, blocks: n },
      { ...step, block: n },
      { ...block, block: n },
    ])
    assert.deepEqual(
      parseEvents([
        ...bad.map((event) => JSON.stringify(event)),
        '{"t":0,"type":"block","block":1e999,"modules":{},"seconds":1}',
      ]),
      [],
    )
    assert.equal(parseEvents([JSON.stringify({ ...start, blocks: 10_000 })]).length, 1)
  })

  it('have no type that only JavaScript knows', () => {
    assert.deepEqual(
      parseEvents(['{"t": 1, "type": "constructor"}', '{"t": 1, "type": "block"}', '[]', 'null', '']),
      [],
    )
  })
})
