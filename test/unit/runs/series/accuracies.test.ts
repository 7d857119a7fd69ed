import assert from 'node:assert/strict'
import { accuraciesOf, meanAccuracies, undecidedPairs } from '../../../../src/runs/series/accuracies.ts'
import type { Evaluation } from '../../../../src/runs/series/foldRun.ts'

type Stage = Evaluation['stage']

/** Accuracies of the tasks at each stage. */
type Measured = Partial<Record<Stage, Record<number, number>>>

const measurements = (measured: Measured) =>
  Object.entries(measured).flatMap(([stage, tasks]) =>
    Object.entries(tasks).map(([entry, acc]) => ({ stage: stage as Stage, entry: Number(entry), acc, stderr: 0.1 })),
  )

/** As the picture of a run has them while it goes on. */
const live = (measured: Measured): Evaluation[] =>
  measurements(measured).map(({ stage, entry, acc, stderr }) => ({
    ...{ stage, entry, task: 'piqa', data: `d${entry}`, seqLen: 0, perplexity: 0, accuracy: { acc, stderr } },
    x: stage === 'recovered' ? 100 : 0,
  }))

const cases: [title: string, measured: Measured, means: Partial<Record<Stage, number>>][] = [
  [
    'all stages, all tasks',
    { dense: { 0: 0.6, 1: 0.8 }, pruned: { 0: 0.3, 1: 0.5 }, recovered: { 0: 0.5, 1: 0.7 } },
    { dense: 0.7, pruned: 0.4, recovered: 0.6 },
  ],
  [
    'one task at a stage that measured less',
    { dense: { 0: 0.2, 1: 0.4 }, pruned: { 0: 0.9 }, recovered: { 0: 0.2, 1: 0.6 } },
    { dense: 0.3, recovered: 0.4 },
  ],
  ['as many tasks, but others', { dense: { 0: 0.25 }, pruned: { 1: 0.33 } }, { pruned: 0.33 }],
  [
    'more tasks of the dense model',
    { dense: { 0: 0.2, 1: 0.4, 2: 0.9 }, recovered: { 0: 0.2, 1: 0.6 } },
    { dense: 0.3, recovered: 0.4 },
  ],
  ['nothing', {}, {}],
]

describe('mean accuracies of stages', () => {
  for (const [title, measured, means] of cases)
    it(`are over the same tasks: ${title}`, () => {
      for (const found of [meanAccuracies(measurements(measured)), accuraciesOf(live(measured)).stages]) {
        const rounded = Object.entries(found).map(([stage, mean]) => [stage, Number(mean.acc.toFixed(6))])
        assert.deepEqual(Object.fromEntries(rounded), means)
        assert.ok(new Set(Object.values(found).map(({ tasks }) => tasks)).size <= 1)
      }
    })

  it('of different tasks are not compared', () => {
    assert.deepEqual(undecidedPairs(meanAccuracies(measurements({ dense: { 0: 0.25 }, pruned: { 1: 0.33 } }))), [])
    assert.deepEqual(undecidedPairs(meanAccuracies(measurements({ dense: { 0: 0.25 }, pruned: { 0: 0.33 } }))), [
      ['dense', 'pruned'],
    ])
  })

  it('leave out those in the middle of a recovery', () => {
    const evaluations = [
      ...measurements({ dense: { 0: 0.5 } }),
      { stage: 'recovered' as const, entry: 0, step: 10, acc: 0.1 },
    ]
    assert.deepEqual(Object.keys(meanAccuracies(evaluations)), ['dense'])
  })
})
