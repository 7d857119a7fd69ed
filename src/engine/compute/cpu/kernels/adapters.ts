// Low-rank and scaling adapters: effective weights and their gradients (weightTasks.ts), masks.
import { bytesPerElement } from '../../../dtype.ts'
import type { Kernels } from '../../kernels.ts'
import type { Tensor } from '../../tensor.ts'
import type { Runner, Split } from '../pool.ts'
import { pieceOf } from './productGrid.ts'
import { codeOf, runProduct } from './products.ts'
import { scratchRows } from './productTasks.ts'
import { effectiveRows } from './weightTasks.ts'
import { addresses, byElements, byRows, type AddressOf } from './splits.ts'

type Adapters = Pick<Kernels, 'loraWeight' | 'loraBackward' | 'scaleWeight' | 'scaleBackward' | 'applyMask'>

type LoraTensors = Record<'dA' | 'dB' | 'dOut' | 'input' | 'a' | 'b', Tensor>

/**
 * Splits the rows of the gradient dOut[N,O]ᵀ·input[N,I] into one piece per thread, since each piece packs the input again.
 * Scratch holds `matrices` matrices of some rows × I.
 */
function splitGradient(pool: Runner, o: number, i: number, matrices: number): Split {
  const unit = pieceOf(o, pool.threads)
  return { total: o, unit, scratchBytes: 4 * matrices * i * Math.min(scratchRows(i), unit) }
}

/** Without a mask no [O, I] product is needed: dB += scale · dOutᵀ·(input·aᵀ) and dA += scale · (dOut·b)ᵀ·input. */
function unmaskedLoraBackward(pool: Runner, at: AddressOf, t: LoraTensors, scale: number): void {
  const [o, rank] = t.b.shape
  const i = t.a.shape[1]
  const n = t.input.length / i
  const [dOut, input, code] = [at(t.dOut), at(t.input), codeOf(t.input)]
  const taken: number[] = []
  const take = (bytes: number) => taken[taken.push(pool.heap.allocate(bytes)) - 1]
  /** f32 elements, converted to the type of the product's other operand. */
  const operand = (from: number, length: number) => {
    if (code === 0) return from
    const to = take(2 * length)
    pool.run('convert', byElements(length), [to, code, from, 0])
    return to
  }
  try {
    const [a, b, narrow] = [operand(at(t.a), rank * i), operand(at(t.b), o * rank), take(4 * n * rank)]
    const grow = { code, transA: true, alpha: scale, beta: 1 }
    runProduct(pool, { out: narrow, a: input, b: a, m: n, n: rank, k: i, code, transB: true })
    runProduct(pool, { ...grow, out: at(t.dB), a: dOut, b: operand(narrow, n * rank), m: o, n: rank, k: n })
    runProduct(pool, { out: narrow, a: dOut, b, m: n, n: rank, k: o, code })
    runProduct(pool, { ...grow, out: at(t.dA), a: operand(narrow, n * rank), b: input, m: rank, n: i, k: n })
  } finally {
    for (const address of taken) pool.heap.release(address)
  }
}

export function adapters(pool: Runner): Adapters {
  const at = addresses(pool)
  /** Runs a task whose chunks write `width` partial sums each, then adds them to `out` in chunk order. */
  const withParts = (width: number, split: Split, out: number, run: (parts: number) => void) => {
    const count = pool.chunks(split)
    pool.heap.within(4 * count * width, (parts) => {
      run(parts)
      pool.run('addParts', byElements(width), [out, parts, count, width])
    })
  }
  return {
    loraWeight(out, weight, mask, a, b, scale) {
      const [o, i] = weight.shape
      const rank = a.shape[0]
      const scratchBytes = out.dtype === 'f32' ? 0 : 4 * i * effectiveRows(i)
      const weights = [at(out), codeOf(out), at(weight), codeOf(weight)]
      pool.run('loraWeight', { ...byRows(o, i), scratchBytes }, [...weights, at(mask), at(a), at(b), scale, i, rank])
    },
    loraBackward(dA, dB, dOut, input, mask, a, b, scale) {
      if (!mask) return unmaskedLoraBackward(pool, at, { dA, dB, dOut, input, a, b }, scale)
      const [o, rank] = b.shape
      const i = a.shape[1]
      const n = input.length / i
      const split = splitGradient(pool, o, i, 1)
      withParts(rank * i, split, at(dA), (parts) =>
        pool.run('loraBackward', split, [
          ...[parts, at(dB), at(dOut), at(input), codeOf(input), at(mask), at(a), at(b)],
          ...[scale, n, o, i, rank],
        ]),
      )
    },
    scaleWeight(out, weight, row, column, factor) {
      const [o, i] = weight.shape
      const scaleInto = (to: number) =>
        pool.run('scaleWeight', byRows(o, i), [to, at(weight), codeOf(weight), at(row), at(column), factor, i])
      if (out.dtype === 'f32') return scaleInto(at(out))
      const wide = pool.heap.allocate(4 * out.length)
      try {
        scaleInto(wide)
        pool.run('convert', byElements(out.length), [at(out), codeOf(out), wide, 0])
      } finally {
        pool.heap.release(wide)
      }
    },
    scaleBackward(dRow, dColumn, dOut, input, weight, row, column, factor) {
      const [o, i] = weight.shape
      const n = input.length / i
      const split = splitGradient(pool, o, i, 2)
      withParts(i, split, at(dColumn), (parts) =>
        pool.run('scaleBackward', split, [
          ...[at(dRow), parts, at(dOut), at(input), codeOf(input), at(weight), codeOf(weight), at(row), at(column)],
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
