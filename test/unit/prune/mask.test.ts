import assert from 'node:assert/strict'
import { maskOfZeros, zeroCountOf, zerosOf } from '../../../src/engine/prune/mask.ts'
import { createMask, unpackMask } from '../../support/masks.ts'
import { isKept, patternViolations } from '../../support/maskPatterns.ts'
import { sparsityOf } from '../../../src/catalog/formats/sparsity.ts'

const widths = [1, 31, 32, 33, 64, 100]

describe('a mask', () => {
  it('packs and unpacks any width, with unused bits 0', () => {
    for (const columns of widths) {
      const kept = Uint8Array.from({ length: 3 * columns }, (_, i) => ((i * 2654435761) >>> 7) & 1)
      const mask = maskOfZeros(kept, 3, columns)
      assert.deepEqual(unpackMask(mask), kept)
      assert.equal(mask.words.length, 3 * Math.ceil(columns / 32))
      assert.equal(
        zerosOf(mask),
        kept.reduce((zeros, k) => zeros + 1 - k, 0),
      )
      if (columns % 32) assert.equal(mask.words[mask.words.length - 1] >>> (columns % 32), 0)
      assert.equal(isKept(mask, 1, columns - 1), kept[2 * columns - 1] === 1)
    }
  })

  it('keeps everything or nothing on request', () => {
    for (const columns of widths) {
      assert.equal(zerosOf(createMask(2, columns, true)), 0)
      assert.equal(zerosOf(createMask(2, columns, false)), 2 * columns)
      assert.deepEqual(unpackMask(createMask(2, columns, true)), new Uint8Array(2 * columns).fill(1))
    }
  })

  it('of zeros takes only both signs of zero', () => {
    const weight = Float32Array.of(0, -0, 1e-45, -1e-45, 1, NaN)
    assert.deepEqual([...unpackMask(maskOfZeros(weight, 2, 3))], [0, 0, 1, 1, 1, 1])
  })

  it('counts groups with too few zeros', () => {
    const mask = maskOfZeros([0, 0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1], 1, 12)
    assert.equal(patternViolations(mask, 2, 4), 1)
    assert.equal(patternViolations(mask, 1, 4), 0)
  })

  it('sparsity weighs tensors by their size, and is 0 without tensors', () => {
    assert.equal(sparsityOf([maskOfZeros([0, 0, 0, 0], 2, 2), createMask(2, 6, true)].map(zeroCountOf)), 0.25)
  })
})
