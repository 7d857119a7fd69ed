// Low-rank and scaling adapters: effective weights and their gradients (weightTasks.ts), masks.
import { bytesPerElement } from '../../../dtype.ts'
import type { Kernels } from '../../kernels.ts'
import type { Tensor } from '../../tensor.ts'
import type { Pool, Split } from '../pool.ts'
import { pieceOf } from './productGrid.ts'
import { codeOf, runProduct } from './products.ts'
import { scratchRows } from './productTasks.ts'
import { addresses, byElements, byRows, type AddressOf } from './splits.ts'

type Adapters = Pick<Kernels, 'loraWeight' | 'loraBackward' | 'scaleWeight' | 'scaleBackward' | 'applyMask'>

type LoraTensors = Record<'dA' | 'dB' | 'dOut' | 'input' | 'a' | 'b', Tensor>

/**
 * Rows of the gradient dOut[N,O]ᵀ·input[N,I]: one piece a thread, since each packs the input anew. `matrices` of
 * some rows × I are in scratch.
 */
function splitGradient(pool: Pool, o: number, i: number, matrices: number): Split {
  const unit = pieceOf(o, pool.threads)
  return { total: o, unit, scratchBytes: 4 * matrices * i * Math.min(scratchRows(i), unit) }
}

/** Without a mask the gradient's low rank saves the [O, I] product: scale · dOutᵀ·(input·aᵀ) and scale · (dOut·b)ᵀ·input. */
function unmaskedLoraBackward(pool: Pool, at: AddressOf, t: LoraTensors, scale: number): void {
  const [o, rank] = t.b.shape
  const i = t.a.shape[1]
  const n = t.input.length / i
  const [dOut, input] = [at(t.dOut), at(t.input)]
  const narrow = pool.heap.allocate(4 * n * rank)
  try {
    runProduct(pool, { out: narrow, a: input, b: at(t.a), m: n, n: rank, k: i, transB: true })
    runProduct(pool, { out: at(t.dB), a: dOut, b: narrow, m: o, n: rank, k: n, transA: true, alpha: scale, beta: 1 })
    runProduct(pool, { out: narrow, a: dOut, b: at(t.b), m: n, n: rank, k: o })
    runProduct(pool, { out: at(t.dA), a: narrow, b: input, m: rank, n: i, k: n, transA: true, alpha: scale, beta: 1 })
  } finally {
    pool.heap.release(narrow)
  }
}

export function adapters(pool: Pool): Adapters {
  const at = addresses(pool)
  /** Runs a task whose chunks write `width` partial sums each, then adds them to `out` in chunk order. */
  const withParts = (width: number, split: Split, out: number, run: (parts: number) => void) => {
    const count = pool.chunks(split)
    const parts = pool.heap.allocateInside(4 * count * width)
    try {
      run(parts)
      pool.run('addParts', byElements(width), [out, parts, count, width])
    } finally {
      pool.heap.release(parts)
    }
  }
  return {
    loraWeight(out, weight, mask, a, b, scale) {
      const [o, i] = weight.shape
      const rank = a.shape[0]
      const split = byRows(o, i)
      pool.run('loraWeight', split, [at(out), at(weight), codeOf(weight), at(mask), at(a), at(b), scale, i, rank])
    },
    loraBackward(dA, dB, dOut, input, mask, a, b, scale) {
      if (!mask) return unmaskedLoraBackward(pool, at, { dA, dB, dOut, input, a, b }, scale)
      const [o, rank] = b.shape
      const i = a.shape[1]
      const n = input.length / i
      const split = splitGradient(pool, o, i, 1)
      withParts(rank * i, split, at(dA), (parts) =>
        pool.run('loraBackward', split, [
          ...[parts, at(dB), at(dOut), at(input), at(mask), at(a), at(b)],
          ...[scale, n, o, i, rank],
        ]),
      )
    },
    scaleWeight(out, weight, row, column, factor) {
      const [o, i] = weight.shape
      pool.run('scaleWeight', byRows(o, i), [at(out), at(weight), codeOf(weight), at(row), at(column), factor, i])
    },
    scaleBackward(dRow, dColumn, dOut, input, weight, row, column, factor) {
      const [o, i] = weight.shape
      const n = input.length / i
      const split = splitGradient(pool, o, i, 2)
      withParts(i, split, at(dColumn), (parts) =>
        pool.run('scaleBackward', split, [
          ...[at(dRow), parts, at(dOut), at(input), at(weight), codeOf(weight), at(row), at(column)],
          ...[factor, n, o, i],
        ]),
      )
    },
    applyMask(x, mask) {
      const columns = x.shape[x.shape.length - 1]
      const args = [at(x), at(mask), columns, bytesPerElement[x.dtype]]
      pool.run('maskRows', byRows(x.length / columns, columns), args)
    },
  }
}
