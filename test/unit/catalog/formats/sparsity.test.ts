import assert from 'node:assert/strict'
import fc from 'fast-check'
import { formatShare } from '../../../../src/formatting/numbers.ts'
import { sparsityOf } from '../../../../src/catalog/formats/sparsity.ts'

const counts = fc
  .integer({ min: 1, max: 1e6 })
  .chain((size) => fc.record({ size: fc.constant(size), zeros: fc.integer({ min: 0, max: size }) }))

describe('sparsity', () => {
  it('does not depend on how weights are cut into matrices', () => {
    fc.assert(
      fc.property(fc.array(counts, { minLength: 1 }), (parts) => {
        const whole = parts.reduce((a, b) => ({ size: a.size + b.size, zeros: a.zeros + b.zeros }))
        assert.equal(sparsityOf(parts), sparsityOf([whole]))
      }),
    )
  })

  it('is not a number for no weights, and is written as a dash', () => {
    assert.equal(sparsityOf([]), null)
    assert.equal(formatShare(sparsityOf([{ size: 0, zeros: 0 }])), '–')
  })
})
