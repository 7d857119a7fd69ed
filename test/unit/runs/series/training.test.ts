// What the view of training draws of a run's events.
import assert from 'node:assert/strict'
import type { RunEvent } from '../../../../src/runs/series/events.ts'
import { addTraining, noTraining, trainingIn } from '../../../../src/runs/series/training.ts'

const movement = (moved: number) => ({ moved, rows: [{ at: 1, share: 0.5 }], columns: [] })
const step = (more: object) =>
  ({ t: 1, type: 'step', step: 3, loss: 1, lr: 1, tokens_per_second: 1, ...more }) as RunEvent
const block = (index: number): RunEvent => {
  const modules = {
    'layers.0.fc1': { size: 4, zeros: 2, sparsity: 0.5 },
    'layers.0.fc2': { size: 4, zeros: 0, sparsity: 0 },
  }
  return { t: 1, type: 'block', block: index, modules, seconds: 1 }
}

describe('training in the events of a run', () => {
  it('knows the block or the whole model in progress, and neither once the run is over', () => {
    const events: RunEvent[] = [
      { t: 0, type: 'phase', phase: 'reconstruct', recovery: 0 },
      step({ recovery: 0, block: 0 }),
      block(0),
      { t: 2, type: 'phase', phase: 'evaluate' },
      { t: 3, type: 'phase', phase: 'reconstruct', recovery: 0 },
      step({ recovery: 0, block: 1 }),
      { t: 4, type: 'phase', phase: 'retrain', recovery: 1 },
      step({ recovery: 1 }),
      { t: 5, type: 'end', status: 'done' },
    ]
    const works = events.map((_, i) => trainingIn(events.slice(0, i + 1), null).at)
    assert.deepEqual(works, [
      { recovery: 0, block: 0, step: null },
      { recovery: 0, block: 0, step: 3 },
      { recovery: 0, block: 1, step: null },
      null,
      { recovery: 0, block: 0, step: null },
      { recovery: 0, block: 1, step: 3 },
      { recovery: 1, block: null, step: null },
      { recovery: 1, block: null, step: 3 },
      null,
    ])
    assert.deepEqual(trainingIn([{ t: 0, type: 'phase', phase: 'prune' }, block(4)], null).at, {
      ...{ recovery: null, block: 5, step: null },
    })
  })

  it('adds up what moved by recovery, and zeros by matrix, whether events come at once or in parts', () => {
    const events: RunEvent[] = [
      block(0),
      { t: 1, type: 'moved', block: 0, tensors: { a: movement(0.1), b: movement(0.2) } },
      { t: 1, type: 'moved', recovery: 1, block: null, tensors: { a: movement(0.3) } },
      { t: 1, type: 'moved', block: 1, tensors: { c: movement(0.4) } },
    ]
    const whole = trainingIn(events, null)
    assert.deepEqual(whole.moved, {
      0: { a: movement(0.1), b: movement(0.2), c: movement(0.4) },
      1: { a: movement(0.3) },
    })
    assert.deepEqual(whole.sparsities, { 'layers.0.fc1.weight': 0.5 })
    let parts = noTraining
    for (const event of events) parts = addTraining(parts, trainingIn([event], parts.at))
    assert.deepEqual(parts, whole)
  })
})
