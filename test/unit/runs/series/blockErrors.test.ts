import assert from 'node:assert/strict'
import { barsKey } from '../../../../src/charts/drawBars.ts'
import { errorBars } from '../../../../src/charts/runCharts.ts'
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
  it('are relative to the error before; a block that is not done has no error', () => {
    const { picture } = errorsOf([1, 0.5], 2)
    assert.deepEqual(
      blockErrors(picture, 0).map(({ left }) => left),
      [0.5, 0.25, null],
    )
    assert.equal(errorLeft(blockErrors(picture, 0)), 0.375)
    assert.deepEqual(recoveriesWithErrors(picture), [0])
    assert.equal(errorLeft(blockErrors(picture, 1)), null)
  })

  it('are marked where one is far above the others or worse than before', () => {
    const outliers = (...after: (number | null)[]) =>
      blockErrors(errorsOf(after).picture, 0).flatMap(({ block, outlier }) => (outlier ? [block] : []))
    assert.deepEqual(outliers(0.3, 0.32, 0.31, 0.9, 0.3), [3])
    assert.deepEqual(outliers(0.3, 0.32, 0.31, 0.33, 0.3), [])
    assert.deepEqual(outliers(0.3, 1.2), [1])
    // Not a number is no outlier: it has a cross of its own.
    assert.deepEqual(outliers(0.3, null, 0.3, 0.3, 0.3), [])
  })

  it('count as recovered where one is not a number before and after', () => {
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

  it('have no share without an error before', () => {
    assert.equal(blockErrors(errorsOf([0], 0).picture, 0)[0].left, null)
  })
})
