import assert from 'node:assert/strict'
import fc from 'fast-check'
import { makeAxis, tickLabels, ticksIn } from '../../../src/charts/layout.ts'

const labels = (values: number[], rule: { log?: boolean; whole?: boolean } = {}) =>
  makeAxis(values, [0, 400], 6, { log: false, whole: false, ...rule }).ticks.map(({ label }) => label)

describe('an axis', () => {
  it('is centred on the point where there is only one', () => {
    assert.deepEqual(labels([1], { whole: true }), ['1'])
    assert.deepEqual(labels([0], { whole: true }), ['0'])
    assert.deepEqual(labels([27.65]), ['25', '26', '27', '28', '29', '30'])
    assert.deepEqual(labels([0]), ['0', '0.2', '0.4', '0.6', '0.8', '1'])
  })

  it('has whole numbers only for steps and blocks, with two points too', () => {
    assert.deepEqual(labels([1, 2], { whole: true }), ['1', '2'])
    assert.deepEqual(labels([0, 3], { whole: true }), ['0', '1', '2', '3'])
    assert.deepEqual(labels([0, 12000], { whole: true }), ['0', '2,000', '4,000', '6,000', '8,000', '10,000', '12,000'])
  })

  it('has plain numbers for perplexities, logarithmic or not', () => {
    assert.deepEqual(labels([38, 88]), ['40', '50', '60', '70', '80', '90'])
    assert.deepEqual(labels([38, 88], { log: true }), ['40', '50', '60', '70', '80', '90'])
    assert.deepEqual(labels([20, 12000], { log: true }), ['100', '1,000', '10,000'])
    assert.deepEqual(labels([90, 120], { log: true }), ['90', '95', '100', '105', '110', '115', '120'])
  })

  it('has powers of ten for small errors, and does not mix them with 0.001', () => {
    assert.deepEqual(labels([2e-6, 3e-2], { log: true }), ['1e-5', '1e-4', '0.001', '0.01'])
    assert.deepEqual(tickLabels([0, 5e-4, 1e-3, 1.5e-3]), ['0', '5e-4', '1e-3', '1.5e-3'])
  })

  it('puts step 0 at 1 where steps are logarithmic, and has no ticks without data', () => {
    const axis = makeAxis([0, 100], [0, 400], 6, { log: true, whole: true })
    assert.equal(axis.at(0), axis.at(1))
    assert.deepEqual(labels([]), [])
  })

  it('has ticks within the picture, in order, each with its own label', () => {
    const size = fc.double({ min: 1e-9, max: 1e9, noNaN: true })
    fc.assert(
      fc.property(fc.array(size, { minLength: 1, maxLength: 5 }), fc.boolean(), fc.boolean(), (values, log, whole) => {
        const axis = makeAxis(whole ? values.map(Math.round) : values, [0, 400], 6, { log, whole })
        const places = axis.ticks.map(({ value }) => axis.at(value))
        assert.ok(
          places.every((place, i) => place >= -1e-6 && place <= 400 + 1e-6 && (i === 0 || place > places[i - 1])),
        )
        assert.equal(new Set(axis.ticks.map(({ label }) => label)).size, axis.ticks.length)
        for (const { value, label } of axis.ticks) {
          assert.ok(Math.abs(Number(label.replaceAll(',', '')) - value) <= 1e-9 * Math.abs(value))
          if (whole) assert.ok(Number.isInteger(value))
        }
      }),
    )
  })

  it('has enough ticks to be read, and few enough to be distinguished', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
        fc.double({ min: 1.05, max: 1e6, noNaN: true }),
        fc.boolean(),
        (low, factor, log) => {
          const { length } = ticksIn(low, low * factor, 6, { log, whole: false })
          assert.ok(length >= 3 && length <= 13, `${length}`)
        },
      ),
    )
  })
})
