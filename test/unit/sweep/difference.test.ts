// What two runs do not share: settings, errors by block, answers, texts.
import assert from 'node:assert/strict'
import { answersIn, encodeAnswers, flippedRows } from '../../../src/shared/sweep/answers.ts'
import { blockErrorPairs, promptPairs, settingDifferences } from '../../../src/shared/sweep/differenceOfRuns.ts'
import type { SampleSet } from '../../../src/shared/series/samples.ts'
import type { Stage } from '../../../src/shared/series/stages.ts'

describe('the difference of two recipes', () => {
  it('is every setting that one has otherwise or alone, and not where results are saved', () => {
    const a = { prune: [{ method: 'wanda', sparsity: 0.5 }], seed: 0, save: { to: 'a' } }
    const b = { prune: [{ method: 'wanda', sparsity: 0.7 }], seed: 0, recover: { mode: 'refit' }, save: { to: 'b' } }
    assert.deepEqual(settingDifferences(a, b), [
      { path: 'prune.0.sparsity', a: '0.5', b: '0.7' },
      { path: 'recover.mode', a: null, b: 'refit' },
    ])
    assert.deepEqual(settingDifferences(a, a), [])
    assert.deepEqual(settingDifferences(a, null), [])
    assert.ok((settingDifferences({ x: 'y'.repeat(1e5) }, { x: 1 })[0].a ?? '').length < 300)
  })
})

describe('errors by block', () => {
  const blocks = (...errors: [block: number, after: number | null][]) => ({
    blocks: new Map(
      errors.map(([block, after]) => [
        block,
        { block, modules: {}, errors: new Map([[0, { before: 9, after }]]), seconds: 1 },
      ]),
    ),
  })

  it('stand side by side, where at least one of the runs has measured', () => {
    assert.deepEqual(blockErrorPairs(blocks([1, 0.2], [0, 0.1], [3, null]), blocks([0, 0.3], [2, 0.4])), [
      { block: 0, a: 0.1, b: 0.3 },
      { block: 1, a: 0.2, b: null },
      { block: 2, a: null, b: 0.4 },
    ])
  })
})

describe('texts of the same prompts', () => {
  const sample = (prompt: string, text: string) => ({
    prompt,
    text,
    tokens: [...text].map((c) => c.charCodeAt(0)),
    ends: [...text].map((_, i) => i + 1),
  })
  const set = (stage: Stage, step: number | null, ...samples: ReturnType<typeof sample>[]): SampleSet => ({
    stage,
    entry: 0,
    step,
    recovery: null,
    samples,
  })

  it('are those of the last stage of each run, five at most, cut where the second leaves the first', () => {
    const many = Array.from({ length: 8 }, (_, i) => sample(`p${i}`, 'same'))
    const a = [set('dense', null, sample('p0', 'dense')), set('recovered', null, ...many)]
    const b = [
      set('recovered', 100, sample('p0', 'between')),
      set('pruned', null, sample('p0', 'sane'), ...many.slice(1)),
    ]
    const pairs = promptPairs(a, b)
    assert.equal(pairs.length, 5)
    assert.deepEqual(pairs[0], { prompt: 'p0', a: 'same', b: 'sane', cut: { before: 'sa', token: 'n', after: 'e' } })
    assert.equal(pairs[1].cut, null)
    assert.deepEqual(promptPairs(a, []), [])
  })
})

describe('answers', () => {
  const answers = (picked: (number | null)[], gold: (number | null)[]) => {
    const found = encodeAnswers(picked, gold)
    assert.ok(found)
    return found
  }

  it('flip in two directions; rows without an answer count in none', () => {
    const gold = [0, 1, 2, 3, null]
    const flips = flippedRows(answers([0, 1, 0, 0, 1], gold), answers([0, 0, 2, null, 2], gold))
    assert.deepEqual(flips, {
      bothRight: 1,
      bothWrong: 1,
      onlyA: [{ row: 1, right: 1, a: 1, b: 0 }],
      onlyB: [{ row: 2, right: 2, a: 0, b: 2 }],
    })
  })

  it('of other questions are not compared; of a limit the rows that both were asked', () => {
    assert.equal(flippedRows(answers([0], [0]), answers([0], [1])), null)
    assert.equal(flippedRows(answers([0, 1], [0, 1]), answers([1], [0]))?.onlyA.length, 1)
    assert.equal(flippedRows(answers([], []), answers([], [])), null)
  })

  it('in a report are those of the last stage of each entry; anything else is passed over', () => {
    const one = (stage: string, picked: string, entry = 0) => ({
      stage,
      entry,
      task: 'piqa',
      data: 'd',
      answers: { picked, gold: '00' },
    })
    const report = {
      evaluations: [
        one('dense', '01'),
        one('recovered', '00'),
        one('pruned', '11'),
        one('dense', '1-', 1),
        one('dense', '1', 2),
        one('dense', 'ÄÖ', 3),
        null,
        { entry: 4 },
      ],
    }
    assert.deepEqual(
      answersIn(report).map(({ entry, picked }) => [entry, picked]),
      [
        [0, '00'],
        [1, '1-'],
      ],
    )
    for (const nothing of [null, 3, {}, { evaluations: 'x' }]) assert.deepEqual(answersIn(nothing), [])
    assert.equal(encodeAnswers([40], [0]), null)
  })
})
