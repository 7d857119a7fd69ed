import assert from 'node:assert/strict'
import { measuresOf } from '../../../src/runs/compared/measures.ts'
import { foldSeeds } from '../../../src/runs/compared/foldSeeds.ts'
import { chooseAxes } from '../../../webview-ui/sweep/options.ts'
import { recordedAs, recordedRows } from '../../webview/harness/recordedSweep.ts'

describe('axes of the picture of runs', () => {
  const rows = recordedRows(2, 1)
  const of = (list: typeof rows, wished: { x?: string; y?: string } = {}) => {
    const axes = chooseAxes(measuresOf(foldSeeds(list)), { x: '', y: '', ...wished })
    return axes && [axes.x.id, axes.y.id]
  }

  it('are those that were chosen, else sparsity and perplexity', () => {
    assert.deepEqual(of(rows), ['sparsity', 'perplexity'])
    assert.deepEqual(of(rows, { x: 'time', y: 'memory' }), ['time', 'memory'])
    assert.deepEqual(of(rows, { x: 'accuracy', y: 'of another version' }), ['sparsity', 'perplexity'])
  })

  it('of several texts are of that of the most runs', () => {
    const texts = rows.map((row, i) => ({ ...row, facts: { ...row.facts, text: i === 0 ? 'c4.jsonl' : 'wiki.txt' } }))
    assert.deepEqual(of(texts), ['sparsity', 'perplexity on wiki.txt'])
  })

  it('replace what runs do not have: never the same twice, never a setting upwards', () => {
    const begun = rows.map((row) => recordedAs(row, 'running'))
    assert.deepEqual(of(begun), ['sparsity', 'perplexity'])
    const bare = rows.map((row) => {
      const perplexity = { dense: null, pruned: null, recovered: null }
      return { ...row, results: { ...row.results, perplexity } }
    })
    assert.deepEqual(of(bare), ['sparsity', 'trainable'])
    assert.equal(of(rows.map((row) => recordedAs(row, 'waiting'))), null)
  })
})
