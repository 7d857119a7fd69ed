import assert from 'node:assert/strict'
import { barsKey } from '../../../../src/charts/drawBars.ts'
import { errorBars } from '../../../../src/charts/runCharts.ts'
import {
  blockErrors,
  errorLeft,
  errorSteps,
  recoveriesWithErrors,
  recoveriesWithSteps,
} from '../../../../src/runs/series/blockErrors.ts'
import { emptyPicture, foldEvents } from '../../../../src/runs/series/foldRun.ts'
import type { RunEvent } from '../../../../src/runs/series/events.ts'

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

const step = (block: number | undefined, at: number, loss: number | null, recovery?: number): RunEvent => {
  return { t: 0, type: 'step', block, step: at, loss, lr: 1, tokens_per_second: 1, recovery }
}
const done = (block: number, before: number): RunEvent => {
  return { t: 0, type: 'block', block, modules: {}, error_before: before, error_after: 0, seconds: 1 }
}
const pictureOf = (...events: RunEvent[]) => foldEvents({ ...emptyPicture(), numBlocks: 2 }, events)
const ratios = (steps: ReturnType<typeof errorSteps>) => steps.cells.map((cell) => cell && cell.ratio)

describe('errors by block and step', () => {
  it('are means of the steps of a column over the error before; a block without steps has no curve', () => {
    const picture = pictureOf(step(0, 1, 4), step(0, 2, 2), done(0, 8))
    const steps = errorSteps(picture, 0)
    assert.deepEqual(steps.columns, [
      { from: 1, to: 1 },
      { from: 2, to: 2 },
    ])
    assert.deepEqual(ratios(steps), [0.5, 0.25, null, null])
    assert.deepEqual(steps.begun, [true, false])
    assert.deepEqual(steps.cells[1], { loss: 2, ratio: 0.25 })
  })

  it('are relative to the first step that gave a number until the block is done', () => {
    assert.deepEqual(ratios(errorSteps(pictureOf(step(1, 1, null), step(1, 2, 5), step(1, 3, 1)), 0)), [
      null,
      null,
      null,
      null,
      1,
      0.2,
    ])
  })

  it('have at most 40 columns for many steps, every step in one of them', () => {
    const { columns } = errorSteps(pictureOf(...Array.from({ length: 1003 }, (_, i) => step(0, i + 1, 1))), 0)
    assert.equal(columns.length, 40)
    assert.deepEqual([columns[0].from, columns[39].to], [1, 1003])
    columns.slice(1).forEach(({ from }, i) => assert.equal(from, columns[i].to + 1))
  })

  it('are replaced when a block is begun again after a resume', () => {
    const picture = pictureOf(step(0, 1, 9), step(0, 2, 9), step(0, 1, 4), step(undefined, 1, 7, 1))
    assert.deepEqual(picture.blockLoss.get(0)?.get(0), [{ x: 1, y: 4 }])
    assert.deepEqual(recoveriesWithSteps(picture), [0])
  })
})
