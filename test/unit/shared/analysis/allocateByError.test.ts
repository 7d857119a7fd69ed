import assert from 'node:assert/strict'
import { allocateByError, errorCurves, type ErrorCurve } from '../../../../src/shared/analysis/allocateByError.ts'
import type { AnalysedModule } from '../../../../src/shared/analysis/analysis.ts'

/** error = scale · e^(5 s): equal errors mean sparsities that differ by log(scale) / 5. */
const curve = (scale: number, size = 1): ErrorCurve => ({
  size,
  points: [0.5, 0.6, 0.7].map((sparsity) => ({ sparsity, error: scale * Math.exp(5 * sparsity) })),
})

const errorAt = (scale: number, sparsity: number) => scale * Math.exp(5 * sparsity)

describe('allocation by error', () => {
  it('gives every block the same error, and the mean that was asked for', () => {
    const scales = [1, 1.2, 0.8, 1.1]
    const found = allocateByError(
      scales.map((scale) => curve(scale)),
      0.6,
    )
    assert.ok(Math.abs(found.reduce((a, b) => a + b, 0) / 4 - 0.6) < 1e-9)
    const errors = found.map((sparsity, i) => errorAt(scales[i], sparsity))
    for (const error of errors) assert.ok(Math.abs(error / errors[0] - 1) < 1e-9)
    assert.ok(found[1] < found[3] && found[3] < found[0] && found[0] < found[2])
  })

  it('weighs the mean by the blocks sizes', () => {
    const found = allocateByError([curve(1, 3), curve(1.5, 1)], 0.6)
    assert.ok(Math.abs((3 * found[0] + found[1]) / 4 - 0.6) < 1e-9)
  })

  it('keeps within 0.15 of the mean, below 1, and still hits the mean', () => {
    const found = allocateByError([curve(1), curve(1e6), curve(1)], 0.6)
    assert.ok(Math.abs(found[1] - 0.45) < 1e-9)
    assert.ok(Math.abs(found.reduce((a, b) => a + b, 0) / 3 - 0.6) < 1e-9)
    for (const sparsity of allocateByError([curve(1), curve(1e6)], 0.95)) assert.ok(sparsity < 1)
  })

  it('gives no block a sparsity that a recipe may not have', () => {
    const found = allocateByError([curve(1), curve(1), curve(100), curve(1000)], 0.1)
    assert.ok(Math.abs(found.reduce((a, b) => a + b, 0) / 4 - 0.1) < 1e-9)
    for (const sparsity of found) assert.ok(sparsity >= 0.01, found.join())
    for (const sparsity of allocateByError([curve(1), curve(9)], 0.005)) assert.ok(sparsity > 0)
  })

  it('takes equal errors, and none, without NaN', () => {
    const flat = { size: 1, points: [0.5, 0.7].map((sparsity) => ({ sparsity, error: 0 })) }
    for (const sparsity of allocateByError([flat, flat], 0.6)) assert.ok(sparsity >= 0.45 && sparsity <= 0.75)
  })

  it('reads curves off an analysis, by the size of each matrix; null with fewer than two points', () => {
    const module = (name: string, block: number, errors: [number, number][]): AnalysedModule => ({
      name,
      block,
      std: 1,
      kurtosis: 3,
      outliers: 0,
      activation: null,
      sensitivity: null,
      errors: errors.map(([sparsity, error]) => ({ method: 'wanda', pattern: 'unstructured', sparsity, error })),
    })
    const modules = [module('b', 1, [[0.7, 4], [0.5, 2]]), module('a', 0, [[0.5, 1], [0.7, 2]]), module('c', 0, [[0.5, 4], [0.7, 8]])] // prettier-ignore
    assert.deepEqual(
      errorCurves(
        modules,
        (name) => (name === 'c' ? 1 : 2),
        () => 'wanda',
      ),
      [
        { size: 3, points: [{ sparsity: 0.5, error: 2 }, { sparsity: 0.7, error: 4 }] }, // prettier-ignore
        { size: 2, points: [{ sparsity: 0.5, error: 2 }, { sparsity: 0.7, error: 4 }] }, // prettier-ignore
      ],
    )
    assert.equal(
      errorCurves(
        modules,
        () => 1,
        () => 'alps',
      ),
      null,
    )
    assert.equal(
      errorCurves(
        [module('a', 0, [[0.5, 1]])],
        () => 1,
        () => 'wanda',
      ),
      null,
    )
  })
})
