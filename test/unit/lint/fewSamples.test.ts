import assert from 'node:assert/strict'
import { lint } from '../../../src/lint/lint.ts'
import { factsOf, modelOf, optConfig } from '../../support/recipeFacts.ts'

/** Findings of M3 on 280 tokens for inputs of up to 512. */
function found(step: string) {
  const text = `version: 1\nmodel: m\nprune: [{${step}}]\ncalibration: {data: a.jsonl, samples: 140, seq_len: 2}\nsave: {to: o}\n`
  const facts = factsOf(modelOf({ ...optConfig, ffn_dim: 512 }))
  return lint(text, { facts }).findings.filter(({ rule }) => rule === 'M3')
}

describe('the rule few-samples', () => {
  it('recommends as many samples as the widest input needs, never fewer', () => {
    const [{ message, fixes }] = found('method: admm')
    assert.match(message, /^admm sees fewer tokens .* 280 for 512.* Use 256 samples/)
    assert.match(fixes[0].title, /256/)
  })

  it('warns of swaps, which also use a Hessian of these tokens', () => {
    assert.deepEqual(found('method: wanda'), [])
    const [{ severity, message }] = found('method: wanda, swaps: auto')
    assert.equal(severity, 'warning')
    assert.match(message, /^wanda sees fewer tokens .* Swaps then find masks whose errors this text does not show/)
  })
})
