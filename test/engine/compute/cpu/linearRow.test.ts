// Products with one row, in every type, beside sums in f64 of the same rounded weights.
import assert from 'node:assert/strict'
import { openCpu } from '../../../../src/engine/compute/cpu/open.ts'
import { upload } from '../../../../src/engine/compute/backend.ts'
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from '../../../../src/engine/dtype.ts'
import { createRng } from '../../../../src/engine/rng.ts'

type Stored = 'f32' | 'bf16' | 'f16'

const rounded = {
  f32: Math.fround,
  bf16: (x: number) => bf16ToF32(f32ToBf16(x)),
  f16: (x: number) => f16ToF32(f32ToF16(x)),
}
const packed = { f32: null, bf16: f32ToBf16, f16: f32ToF16 }

/** out = weight · x, rows times width, on the CPU. */
async function product(
  dtype: Stored,
  rows: number,
  width: number,
  weight: Float64Array,
  x: Float32Array,
  relaxed: boolean,
) {
  const backend = await openCpu({ threads: 1, relaxed })
  try {
    const pack = packed[dtype]
    const data = pack ? Uint16Array.from(weight, pack) : Float32Array.from(weight)
    const out = backend.allocate('f32', [1, rows])
    const input = upload(backend, 'f32', [1, width], Float32Array.from(x))
    backend.kernels.linear(out, input, upload(backend, dtype, [rows, width], data), null)
    return (await backend.read(out)) as Float32Array
  } finally {
    await backend.close()
  }
}

/** Weights as checkpoints have them, some of them too small for a normal half, and some large. */
function weights(count: number): Float64Array {
  const rng = createRng(7, 'linearRow')
  return Float64Array.from(
    { length: count },
    (_, i) => (rng.uniform() - 0.5) * (i % 7 === 0 ? 3e-5 : i % 11 === 0 ? 9 : 0.1),
  )
}

describe('a product with one row', () => {
  // Fewer rows than four, rows that no quarter takes, and columns that fill no vector.
  for (const [rows, width] of [
    [3, 24],
    [8, 576],
    [11, 13],
    [21, 100],
    [5, 7],
  ])
    for (const dtype of ['f32', 'bf16', 'f16'] as const)
      for (const relaxed of [true, false])
        it(`of ${rows} × ${width} in ${dtype}${relaxed ? '' : ', without fused multiply-add'}`, async () => {
          const weight = weights(rows * width)
          const x = Float32Array.from({ length: width }, (_, i) => 40 * Math.sin(i))
          const out = await product(dtype, rows, width, weight, x, relaxed)
          for (let r = 0; r < rows; r++) {
            let [sum, size] = [0, 0]
            for (let i = 0; i < width; i++) {
              const term = rounded[dtype](weight[r * width + i]) * x[i]
              sum += term
              size += Math.abs(term)
            }
            assert.ok(Math.abs(out[r] - sum) <= 1e-6 * size, `row ${r}: ${out[r]}, not ${sum}`)
          }
        })

  it('says NaN or infinite of the rows with a half that is not finite, and of no other', async () => {
    const [rows, width] = [9, 44]
    for (const value of [Infinity, -Infinity, NaN])
      // Places in the first quarter, in the last, in the row that no quarter takes; in a whole vector and in the remainder.
      for (const [row, column] of [
        [0, 3],
        [7, 16],
        [8, 9],
        [5, 43],
      ]) {
        const weight = weights(rows * width)
        weight[row * width + column] = value
        const out = await product('f16', rows, width, weight, new Float32Array(width).fill(1), true)
        assert.deepEqual(
          Array.from(out, Number.isFinite),
          Array.from(out, (_, r) => r !== row),
        )
      }
  })
})
