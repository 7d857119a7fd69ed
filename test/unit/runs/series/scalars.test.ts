import assert from 'node:assert/strict'
import { createScalarFold, scalarsCsv } from '../../../../src/runs/series/scalars.ts'
import { recordedRetraining } from '../../../webview/harness/recordedRetraining.ts'

describe('curves as trackers keep them', () => {
  const fold = createScalarFold()
  fold.add(recordedRetraining())
  const scalars = fold.scalars()
  const of = (name: string) => scalars.filter((one) => one.name === name)

  it('a loss at each step, measurements at the steps done, the dense model apart; what is no number is left out', () => {
    assert.deepEqual(
      of('loss').map(({ step }) => step),
      Array.from({ length: 40 }, (_, i) => i + 1).filter((step) => step !== 7),
    )
    assert.deepEqual(
      of('perplexity/wikitext2-test.txt').map(({ step }) => step),
      [0, 10, 20, 30, 40],
    )
    assert.deepEqual(
      of('dense/perplexity/wikitext2-test.txt').map(({ step, value }) => [step, value]),
      [[0, 27.65]],
    )
    assert.equal(of('lr').length, 40)
  })

  it('are lines by step with step first; runs are below each other under the same heads', () => {
    const short = createScalarFold()
    short.add([{ t: 1, type: 'step', step: 1, loss: 2.5, lr: 1e-3, tokens_per_second: 10 }])
    const lines = scalarsCsv([
      { name: 'a', scalars },
      { name: 'b, c', scalars: short.scalars() },
    ])
      .trim()
      .split('\r\n')
    assert.equal(
      lines[0],
      'step,run,dense/perplexity/wikitext2-test.txt,perplexity/wikitext2-test.txt,loss,lr,tokens_per_second',
    )
    assert.equal(lines[1], '0,a,27.65,67.65,,,')
    assert.match(lines[8], /^7,a,,,,0\.0005,4100$/)
    assert.equal(lines.at(-1), '1,"b, c",,,2.5,0.001,10')
    assert.equal(lines.length, 1 + 41 + 1)
  })

  it('errors by block have no step, and are left out', () => {
    const blocks = createScalarFold()
    blocks.add([{ t: 1, type: 'block', block: 3, modules: {}, error_before: 2, error_after: 1, seconds: 1 }])
    assert.deepEqual(blocks.scalars(), [])
  })
})
