import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { FilePool } from '../../../../src/engine/checkpoint/filePool.ts'
import { readStrided } from '../../../../src/engine/checkpoint/torch/readStrided.ts'

/** A file of ascending 16-bit numbers; counts what is read of it. */
function numbers(count: number) {
  const file = new Uint8Array(Uint16Array.from({ length: count }, (_, i) => i).buffer)
  let bytes = 0
  const read = (_: string, start: number, target: Uint8Array) => {
    assert.ok(start >= 0 && start + target.length <= file.length, 'within the file')
    target.set(file.subarray(start, start + target.length))
    bytes += target.length
    return Promise.resolve()
  }
  return { pool: { read } as unknown as FilePool, bytes: () => bytes }
}

describe('elements that are not in the order of their indices', () => {
  it('are read in any part, whatever the order of the dimensions', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 0, max: 1000 }),
        fc.integer({ min: 1, max: 3 }),
        fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
        async (shape, seed, gap, cuts) => {
          const order = shape.map((_, i) => i).sort((a, b) => ((a * 7 + seed) % 5) - ((b * 7 + seed) % 5))
          const strides = new Array<number>(shape.length).fill(0)
          let step = gap
          for (const d of order) {
            strides[d] = step
            step *= shape[d]
          }
          const total = shape.reduce((a, b) => a * b, 1)
          const logical = Uint16Array.from({ length: total }, (_, i) => {
            let [rest, place] = [i, 0]
            for (let d = shape.length - 1; d >= 0; d--) {
              place += (rest % shape[d]) * strides[d]
              rest = Math.floor(rest / shape[d])
            }
            return place
          })
          const [from, to] = cuts.map((cut) => Math.round(cut * 2 * total)).sort((a, b) => a - b)
          const target = new Uint8Array(to - from)
          await readStrided(numbers(step).pool, '', { dtype: 'U16', shape, strides, start: 0 }, from, target)
          assert.deepEqual(target, new Uint8Array(logical.buffer).slice(from, to))
        },
      ),
      { numRuns: 2000 },
    ))

  it('are read by a few rows of a transposed matrix, not by the matrix for each', async () => {
    const [rows, columns] = [100_000, 40]
    const place = { dtype: 'U16', shape: [rows, columns], strides: [1, rows], start: 0 }
    const { pool, bytes } = numbers(rows * columns)
    await readStrided(pool, '', place, 2 * columns * 500, new Uint8Array(2 * columns * 100))
    assert.equal(bytes(), 2 * columns * 100)
  })
})
