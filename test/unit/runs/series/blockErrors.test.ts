import assert from 'node:assert/strict'
import { barsKey } from '../../../../src/charts/drawBars.ts'
import { errorBars } from '../../../../src/charts/errorBars.ts'
import { blockErrors, errorLeft, recoveriesWithErrors } from '../../../../src/runs/series/blockErrors.ts'
import { emptyPicture, foldEvents } from '../../../../src/runs/series/foldRun.ts'

function errorsOf(after: (number | null)[], before: number | null = 1) {
  const picture = emptyPicture()
  picture.numBlocks = after.length + 1
  const events = after.map((error_after, block) => ({
    t: 0,
    type: 'block',
    block,
    modules: {},
    error_before: before,
    error_after,
    seconds: 1,
  }))
  return { picture: foldEvents(picture, events as Parameters<typeof foldEvents>[1]) }
}

describe('errors of blocks', () => {
  it('are relative to the error before; a block that is not done has none', () => {
    const { picture } = errorsOf([1, 0.5], 2)
    assert.deepEqual(
      blockErrors(picture, 0).map(({ left }) => left),
      [0.5, 0.25, null],
    )
    assert.equal(errorLeft(blockErrors(picture, 0)), 0.375)
    assert.deepEqual(recoveriesWithErrors(picture), [0])
    assert.equal(errorLeft(blockErrors(picture, 1)), null)
  })

  it('one that lies far above the others stands out, and one that is worse than before', () => {
    const outliers = (...after: (number | null)[]) =>
      blockErrors(errorsOf(after).picture, 0).flatMap(({ block, outlier }) => (outlier ? [block] : []))
    assert.deepEqual(outliers(0.3, 0.32, 0.31, 0.9, 0.3), [3])
    assert.deepEqual(outliers(0.3, 0.32, 0.31, 0.33, 0.3), [])
    assert.deepEqual(outliers(0.3, 1.2), [1])
    // Not a number is no outlier: it has a cross of its own.
    assert.deepEqual(outliers(0.3, null, 0.3, 0.3, 0.3), [])
  })

  it('one that is not a number before and after was recovered all the same', () => {
    const { picture } = errorsOf([null, null], null)
    assert.deepEqual(recoveriesWithErrors(picture), [0])
    const { bars } = errorBars([{ label: 'r', index: 0, picture }], 0)
    assert.deepEqual(
      bars.map(({ value }) => value),
      [NaN, NaN, null],
    )
    assert.deepEqual(
      barsKey(errorBars([{ label: 'r', index: 0, picture }], 0)).map(({ text }) => text),
      ['✕ not a number'],
    )
  })

  it('without an error before there is no share', () => {
    assert.equal(blockErrors(errorsOf([0], 0).picture, 0)[0].left, null)
  })
})
