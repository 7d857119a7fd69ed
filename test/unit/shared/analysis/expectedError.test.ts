import assert from 'node:assert/strict'
import { expectedError } from '../../../../src/shared/analysis/expectedError.ts'

const at = (sparsity: number, error: number | null, pattern = 'unstructured') => ({
  method: 'wanda',
  sparsity,
  pattern,
  error,
})
const module = (errors: ReturnType<typeof at>[]) => ({
  name: 'a',
  block: 0,
  activation: null,
  sensitivity: null,
  errors,
})
const asked = (sparsity: number, pattern = 'unstructured') => ({ method: 'wanda', sparsity, pattern })

describe('the error that a recipe is expected to cost', () => {
  it('is the measured one where it was measured, between them on a straight line of logarithms, and beyond them too', () => {
    const known = module([at(0.7, 0.16), at(0.5, 0.04), at(0.6, 0.08)])
    for (const [sparsity, error] of [
      [0.5, 0.04],
      [0.6, 0.08],
      [0.7, 0.16],
      [0.55, 0.04 * Math.SQRT2],
      [0.4, 0.02],
      [0.8, 0.32],
    ])
      // oxfmt-ignore
      assert.ok(Math.abs((expectedError(known, asked(sparsity)) ?? NaN) / error - 1) < 1e-9, String(sparsity))
  })

  it('is unknown for another method, for one point elsewhere, and for inputs that never fired', () => {
    assert.equal(expectedError(module([at(0.5, 0.04)]), { ...asked(0.5), method: 'alps' }), null)
    assert.equal(expectedError(module([at(0.5, 0.04)]), asked(0.6)), null)
    assert.equal(expectedError(module([at(0.5, 0.04)]), asked(0.5)), 0.04)
    assert.equal(expectedError(module([at(0.5, null), at(0.6, null)]), asked(0.5)), null)
    assert.equal(expectedError(module([at(0.5, 0.1, '2:4')]), asked(0.5, '2:4')), 0.1)
  })
})
