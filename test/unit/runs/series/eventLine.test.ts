import assert from 'node:assert/strict'
import { eventLine } from '../../../../src/runs/series/eventLine.ts'

describe('events as lines of a terminal', () => {
  const block = { t: 0, type: 'block', block: 3, modules: {}, seconds: 1 } as const

  it('weigh the sparsity of a block by the sizes of its linears', () => {
    const modules = { small: { size: 10, zeros: 10, sparsity: 1 }, large: { size: 90, zeros: 0, sparsity: 0 } }
    assert.equal(eventLine({ ...block, modules }), 'block 3: 10.00 % zeros (1.0 s)')
    assert.equal(eventLine(block), 'block 3: – zeros (1.0 s)')
  })

  it('say what recovery did to a block, by each where there are several', () => {
    const last = { error_before: 1, error_after: 0.5 }
    assert.equal(eventLine({ ...block, ...last }), 'block 3: – zeros, error 1 → 0.5 (1.0 s)')
    const errors = [last, { error_before: 0.5, error_after: null }].map((one, recovery) => ({ recovery, ...one }))
    assert.equal(
      eventLine({ ...block, ...last, errors }),
      'block 3: – zeros, recover.0 1 → 0.5, recover.1 0.5 → NaN (1.0 s)',
    )
  })

  it('name the entry that was measured, except the first', () => {
    const measured = { t: 0, type: 'eval', stage: 'dense', entry: 0, data: 'd.txt', seq_len: 64 } as const
    assert.equal(eventLine({ ...measured, perplexity: 20 }), 'perplexity dense: 20.0000')
    assert.equal(
      eventLine({ ...measured, entry: 1, step: 5, perplexity: null }),
      'perplexity dense after 5 on d.txt (64 tokens): ∞',
    )
  })

  it('show a path in the form that the caller chooses', () => {
    const saved = { t: 0, type: 'saved', path: '/a/b' } as const
    assert.equal(
      eventLine({ ...saved, stage: 'pruned' }, (path) => path.slice(3)),
      'saved the pruned model to b',
    )
    assert.equal(eventLine(saved), 'saved /a/b')
  })
})
