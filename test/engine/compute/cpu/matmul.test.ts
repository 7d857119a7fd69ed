import assert from 'node:assert/strict'
import type { Gemm } from '../../../../src/engine/compute/cpu/blas.ts'
import { openHeap, type Heap } from '../../../../src/engine/compute/cpu/heap.ts'
import { type Matmul, readsPacked } from '../../../../src/engine/compute/cpu/matmul.ts'
import { findOneDnn } from '../../../../src/engine/compute/cpu/oneDnn.ts'
import type { ElementType } from '../../../../src/engine/compute/cpu/primitives.ts'
import { f32ToBf16 } from '../../../../src/engine/dtype.ts'
import { createRng } from '../../../../src/engine/rng.ts'
import { cannot } from '../../../support/skip.ts'

interface Sizes {
  readonly m: number
  readonly n: number
  readonly k: number
  readonly transA?: boolean
  readonly transB?: boolean
}

/** Numbers of three bits, so that every sum is exact whatever its order. */
function numbers(length: number, name: string): Float32Array {
  const rng = createRng(1, name)
  return Float32Array.from({ length }, () => (rng.below(16) - 8) / 4)
}

describe('the matmul primitive of oneDNN', () => {
  let heap: Heap
  let matmul: Matmul
  let sgemm: Gemm
  before(async function () {
    heap = await openHeap({ maxBytes: 2 ** 30 })
    const { oneDnn, notes } = await findOneDnn(heap)
    if (!oneDnn?.primitives) cannot(this, `no primitives: ${notes.join('; ')}`)
    matmul = oneDnn.primitives.matmul
    sgemm = oneDnn.sgemm
  })

  /** Matrices inside rows that are five elements longer: got and expected, with what was in c before and lies between its rows. */
  function multiply(type: ElementType, { m, n, k, transA = false, transB = false }: Sizes, accumulate = false) {
    const [lda, ldb, ldc] = [(transA ? m : k) + 5, (transB ? k : n) + 5, n + 5]
    const [a, b] = [numbers((transA ? k : m) * lda, 'a'), numbers((transB ? n : k) * ldb, 'b')]
    const c = numbers(m * ldc, 'c')
    const [atA, atB, atC] = [a, b, c].map(({ length }) => heap.allocateInside(4 * length))
    const put = (at: number, values: Float32Array, narrow: boolean) => {
      if (narrow) new Uint16Array(heap.memory.buffer, at, values.length).set(values.map(f32ToBf16))
      else new Float32Array(heap.memory.buffer, at, values.length).set(values)
    }
    put(atA, a, type === 'bf16')
    put(atB, b, type === 'bf16')
    put(atC, c, false)
    const shape = { transA, transB, m, n, k, a: atA, lda, b: atB, ldb, c: atC, ldc }
    matmul({ ...shape, type, accumulate })
    const got = Float32Array.from(new Float32Array(heap.memory.buffer, atC, c.length))
    const expected = Float32Array.from(c)
    for (let row = 0; row < m; row++)
      for (let column = 0; column < n; column++) {
        let sum = accumulate ? c[row * ldc + column] : 0
        for (let p = 0; p < k; p++)
          sum += a[transA ? p * lda + row : row * lda + p] * b[transB ? column * ldb + p : p * ldb + column]
        expected[row * ldc + column] = sum
      }
    for (const at of [atA, atB, atC]) heap.release(at)
    return { got, expected }
  }

  const sizes = { m: 37, n: 29, k: 45 }
  const cases: [string, Sizes, boolean?][] = [
    ['multiplies', sizes],
    ['multiplies by a transposed matrix', { ...sizes, transB: true }],
    ['multiplies a transposed matrix', { ...sizes, transA: true }],
    ['adds to what is there', { ...sizes, transB: true }, true],
    ['multiplies a single row and a single column', { m: 1, n: 1, k: 3 }],
  ]
  for (const type of ['f32', 'bf16'] as const)
    for (const [does, shape, accumulate] of cases)
      it(`${does} in ${type}`, () => {
        const { got, expected } = multiply(type, shape, accumulate)
        assert.deepEqual(got, expected)
      })

  it('does not take packed weights where the library has no code of its own for them', () => {
    const found = (name: string) => readsPacked({ implementation: () => name, bind: () => () => undefined })
    assert.deepEqual(['ref:any', 'gemm:jit', 'brg_matmul:avx512_core_bf16'].map(found), [false, false, true])
  })

  it('is not asked for a row or a column with gaps between its numbers, which it reads without them', () => {
    const [k, gap, at] = [4, 3, heap.allocateInside(256)]
    const view = (offset: number, length: number) => new Float32Array(heap.memory.buffer, at + offset, length)
    for (let i = 0; i < k; i++) {
      view(0, k * gap)[i * gap] = i + 1
      view(64, k)[i] = 10 ** i
    }
    for (const [beta, alpha, expected] of [
      [0, 1, 4321],
      [1, -1, 0],
    ]) {
      sgemm(true, false, 1, 1, k, alpha, at, gap, at + 64, 1, beta, at + 128, 1)
      assert.equal(view(128, 1)[0], expected, 'a row')
      view(128, 1)[0] = 4321
    }
    sgemm(false, false, 1, 1, k, 1, at + 64, k, at, gap, 0, at + 128, 1)
    assert.equal(view(128, 1)[0], 4321, 'a column')
    heap.release(at)
  })

  it('multiplies with more shapes than it keeps, and with the first again', () => {
    for (let n = 1; n <= 520; n++) multiply('bf16', { m: 1, n, k: 2 })
    const { got, expected } = multiply('bf16', { m: 1, n: 1, k: 2 })
    assert.deepEqual(got, expected)
  })
})
