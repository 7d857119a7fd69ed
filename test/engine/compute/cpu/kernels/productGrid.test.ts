import assert from 'node:assert/strict'
import { packColumn, pieceAt, productGrid } from '../../../../../src/engine/compute/cpu/kernels/productGrid.ts'

const costs = Object.values(packColumn)

describe('the cut of a product', () => {
  it('covers every element of the output once', () => {
    for (const threads of [1, 2, 3, 7, 16])
      for (const [m, n, k] of [
        [1, 1, 1],
        [1, 3000, 64],
        [513, 7, 300],
        [97, 151, 163],
        [512, 768, 768],
        [2500, 2100, 8],
      ])
        // oxfmt-ignore
        for (const cost of costs) {
          const { rows, columns, pieces } = productGrid(threads, m, n, k, cost)
          const written = new Uint8Array(m * n)
          for (let i = 0; i < pieces; i++) {
            const piece = pieceAt(i, m, n, rows, columns)
            for (let r = 0; r < piece.rows; r++)
              for (let c = 0; c < piece.columns; c++) written[(piece.row + r) * n + piece.column + c]++
          }
          assert.ok(written.every((times) => times === 1), `${m}×${n}×${k} on ${threads} threads`)
        }
  })

  it('has no parts for an empty output', () => {
    assert.equal(productGrid(4, 0, 768, 768, packColumn.plain).pieces, 0)
    assert.equal(productGrid(4, 512, 0, 768, packColumn.plain).pieces, 0)
  })

  it('leaves a small product to one thread', () => {
    assert.equal(productGrid(8, 32, 32, 64, packColumn.plain).pieces, 1)
  })

  it('gives every thread the same share where the sizes allow it', () => {
    for (const threads of [2, 4, 8, 16]) {
      const { rows, columns, pieces } = productGrid(threads, 512, 768, 768, packColumn.transposed)
      assert.equal(pieces, threads)
      assert.equal(rows * columns * pieces, 512 * 768)
    }
  })

  it('cuts in both directions when strips would be thin', () => {
    const { rows, columns } = productGrid(16, 512, 768, 768, packColumn.transposed)
    assert.ok(rows >= 128 && columns >= 128, `${rows}×${columns}`)
  })
})
