import assert from 'node:assert/strict'
import { unknownFacts } from '../../../src/runs/compared/comparedRun.ts'
import { entriesOf, hasSeeds, styled, wordsOf } from '../../../webview-ui/sweep/entries.ts'
import { grouped, isHeading } from '../../../webview-ui/shared/tableState.ts'
import { curvePanels } from '../../../webview-ui/sweep/curveData.ts'
import { recordedRows } from '../../webview/harness/recordedSweep.ts'

describe('curves of losses', () => {
  const entry = (recovery: string, method = 'wanda') => ({ facts: { ...unknownFacts, method, recovery } })
  const panels = (...entries: ReturnType<typeof entry>[]) =>
    curvePanels(entries, 'loss').map(({ text, shown }) => [text.title, shown.map(({ at }) => at)])

  it('share a picture only where their unit is the same', () => {
    assert.deepEqual(panels(entry('reconstruct'), entry('retrain'), entry('reconstruct')), [
      ['Reconstruction loss', [0, 2]],
      ['Retraining loss', [1]],
    ])
    assert.deepEqual(
      panels(entry('retrain on dense logits'), entry('refit + retrain'), entry('retrain + retrain on dense logits')),
      [
        ['Loss on dense logits', [0]],
        ['Retraining loss', [1]],
        ['Losses of several recoveries, one after the other', [2]],
      ],
    )
  })

  it('of a run that has both are apart from the others; a run that trains nothing has no point', () => {
    assert.deepEqual(panels(entry('reconstruct + retrain'), entry('refit'), entry('')), [
      ['Losses of several recoveries, one after the other', [0]],
    ])
    assert.deepEqual(panels(entry('', '')), [['Loss', [0]]])
    assert.equal(curvePanels([entry('reconstruct'), entry('retrain')], 'perplexity').length, 1)
  })
})

describe('curves of perplexity', () => {
  it('share a picture only where they are on the same text', () => {
    const on = (text: string) => ({ facts: { ...unknownFacts, text } })
    const titles = (...texts: string[]) => curvePanels(texts.map(on), 'perplexity').map(({ text }) => text.title)
    assert.deepEqual(titles('wiki.txt', 'wiki.txt'), ['Perplexity'])
    assert.deepEqual(titles('wiki.txt', 'c4.jsonl'), ['Perplexity on wiki.txt', 'Perplexity on c4.jsonl'])
  })
})

describe('entries of the page of runs', () => {
  const rows = recordedRows(1, 2)

  it('are runs, or the runs that differ by their seed alone, under the name that they share', () => {
    assert.equal(hasSeeds(rows), true)
    assert.deepEqual([entriesOf(rows, true).length, entriesOf(rows, false).length], [6, 12])
    assert.equal(entriesOf(rows, true)[0].label, 'magnitude 40 % · recon')
    assert.equal(entriesOf(rows, false)[1].label, 'magnitude 40 % · recon · seed 1')
  })

  it('are found by the name of the sweep of any of their seeds', () => {
    const named = rows.map((row, i) => (i === 1 ? { ...row, sweep: 'rerun' } : row))
    const [first, second] = entriesOf(named, true).map(wordsOf)
    assert.match(first, /rerun/)
    assert.doesNotMatch(second, /rerun/)
  })

  it('are below their models', () => {
    const two = rows.map((row, i) => ({ ...row, facts: { ...row.facts, model: i % 2 === 0 ? 'b' : 'a' } }))
    const entries = styled(entriesOf(two, false), { colour: null, shape: null })
    const lines = grouped(entries, ['a', 'b', 'c'], ({ facts }) => facts.model)
    assert.deepEqual(
      lines.flatMap((line) => (isHeading(line) ? [[line.heading, line.count]] : [])),
      [
        ['a', 6],
        ['b', 6],
      ],
    )
  })
})
