import assert from 'node:assert/strict'
import { lineOf } from '../../../src/extension/runs/eventLine.ts'

describe('events as lines of a task', () => {
  it('weighs the sparsity of a block by the sizes of its linears', () => {
    const modules = { small: { size: 10, zeros: 10, sparsity: 1 }, large: { size: 90, zeros: 0, sparsity: 0 } }
    assert.equal(lineOf({ t: 0, type: 'block', block: 3, modules, seconds: 1 }), 'block 3: 10.00 % zeros')
    assert.equal(lineOf({ t: 0, type: 'block', block: 3, modules: {}, seconds: 1 }), 'block 3: – zeros')
  })

  it('names the entry that was measured, except the first', () => {
    const measured = {
      t: 0,
      type: 'eval',
      stage: 'dense',
      entry: 0,
      data: 'd.txt',
      seq_len: 64,
      perplexity: 20,
    } as const
    assert.equal(lineOf({ ...measured, entry: 0 }), 'perplexity dense: 20')
    assert.equal(lineOf({ ...measured, entry: 1, step: 5 }), 'perplexity dense after 5 on d.txt (64 tokens): 20')
  })
})
