import assert from 'node:assert/strict'
import {
  type EvaluatedEntry,
  entryNames,
  judgedEntry,
  perplexitiesOf,
  resultsOfTexts,
} from '../../../../src/runs/series/texts.ts'

const entry = (index: number, data: string, seqLen = 64, field?: string) => ({ entry: index, data, seqLen, field })
const stages = { dense: 20, pruned: 60, recovered: 30 }
/** As a report has them. */
const measured = (index: number, data: string, values: Partial<typeof stages>, more: object = {}) =>
  Object.entries(values).map(([stage, perplexity]) => ({
    stage,
    entry: index,
    task: 'perplexity',
    data,
    seq_len: 64,
    perplexity,
    ...more,
  }))
const resultOf = (...evaluations: object[][]) => resultsOfTexts(perplexitiesOf(evaluations.flat()))

describe('the texts of a recipe', () => {
  it('judge the recovery by the second, where there are two', () => {
    assert.equal(judgedEntry([]), null)
    assert.equal(judgedEntry([entry(0, 'a.txt')]), 0)
    assert.equal(judgedEntry([entry(2, 'c.txt'), entry(0, 'a.txt'), entry(1, 'b.txt')]), 1)
    assert.equal(judgedEntry([entry(0, 'ids', 64, 'brown'), entry(1, 'ids', 64, 'wiki')]), 1)
  })

  it('are not two where one text has longer windows', () => {
    assert.equal(judgedEntry([entry(0, 'a.txt', 64), entry(1, 'a.txt', 128), entry(2, 'b.txt', 64)]), 2)
    assert.equal(judgedEntry([entry(0, 'a.txt', 64), entry(1, 'a.txt', 128)]), 0)
  })

  it('have the closed gap of the judged text, and name it', () => {
    const one = resultOf(measured(0, 'x/a.txt', stages))
    assert.deepEqual([one.second, one.wonBack], [null, { text: 'a.txt', share: 0.75 }])
    const two = resultOf(measured(0, 'a.txt', stages), measured(1, 'b.txt', { dense: 10, pruned: 20, recovered: 18 }))
    assert.equal(two.second?.name, 'b.txt')
    assert.deepEqual(two.wonBack, { text: 'b.txt', share: 0.2 })
    const fields = resultOf(measured(0, 'i', stages, { field: 'brown' }), measured(1, 'i', stages, { field: 'wiki' }))
    assert.equal(fields.wonBack?.text, 'i: wiki')
  })

  it('have no closed gap if the second lacks a stage', () => {
    const two = resultOf(measured(0, 'a.txt', stages), measured(1, 'b.txt', { dense: 10, recovered: 18 }))
    assert.equal(two.wonBack, null)
    assert.deepEqual(two.second?.perplexity, { dense: 10, recovered: 18 })
  })

  it('are not measurements of the middle, of tasks or of nonsense', () => {
    const accuracy = measured(1, 'b.jsonl', stages, { acc: 0.5 })
    const middle = measured(0, 'a.txt', { recovered: 25 }, { step: 10 })
    const { texts } = resultOf(middle, accuracy, measured(0, 'a.txt', stages), [{ stage: 'x' }, []])
    assert.deepEqual(texts, [{ entry: 0, name: 'a.txt', perplexity: stages }])
    assert.deepEqual(perplexitiesOf('no list'), [])
  })
})

const evaluated = (index: number, data: string, seqLen: number, field?: string): EvaluatedEntry => ({
  entry: index,
  data,
  seqLen,
  field,
})
const namesOf = (...entries: ReturnType<typeof evaluated>[]) => [...entryNames(entries).values()]

describe('names of entries', () => {
  it('are as short as distinguishes them', () => {
    assert.deepEqual(namesOf(evaluated(0, 'data/a.txt', 64), evaluated(1, 'data/b.txt', 64)), ['a.txt', 'b.txt'])
    assert.deepEqual(namesOf(evaluated(0, 'a', 64, 'brown'), evaluated(1, 'a', 64, 'wiki')), ['a: brown', 'a: wiki'])
    const answers = { ...evaluated(1, 'a.jsonl', 64), lossOn: 'assistant' }
    assert.deepEqual(namesOf(evaluated(0, 'a.jsonl', 64), answers), ['a.jsonl', 'a.jsonl: assistant'])
    const [, named] = resultOf(
      measured(0, 'a.jsonl', stages),
      measured(1, 'a.jsonl', stages, { loss_on: 'assistant' }),
    ).texts
    assert.equal(named.name, 'a.jsonl: assistant')
    assert.deepEqual(namesOf(evaluated(1, 'a.txt', 64), evaluated(0, 'a.txt', 32)), [
      'a.txt (32 tokens)',
      'a.txt (64 tokens)',
    ])
    assert.deepEqual(namesOf(evaluated(0, 'x/a.txt', 64), evaluated(1, 'y/a.txt', 64)), [
      'x/a.txt (64 tokens)',
      'y/a.txt (64 tokens)',
    ])
    assert.deepEqual(namesOf(evaluated(0, 'a.txt', 64), evaluated(1, 'a.txt', 64)), [
      'a.txt (64 tokens) #1',
      'a.txt (64 tokens) #2',
    ])
  })
})
