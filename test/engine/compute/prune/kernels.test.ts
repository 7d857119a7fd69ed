// The pool's pruning kernels against naive sorts and textbook loops, on inputs made to trip a selection.
import assert from 'node:assert/strict'
import { readF32, upload, type Backend } from '../../../../src/engine/compute/backend.ts'
import { openCpu, type CpuBackend, type CpuOptions } from '../../../../src/engine/compute/cpu/open.ts'
import { exactPlace, type Columns, type PruneKernels } from '../../../../src/engine/compute/pruneKernels.ts'
import { variants } from '../../../support/extent.ts'
import { inverseFactor, referencePrune } from '../../../support/reference/prune.ts'
import { maskWords } from '../../../../src/catalog/formats/maskFile.ts'
import type { Tensor } from '../../../../src/engine/compute/tensor.ts'
import { findLimit } from '../../../../src/engine/prune/select.ts'
import { createRng } from '../../../../src/engine/rng.ts'

type Fill = (i: number) => number

const normal = (seed: number): Fill => {
  const rng = createRng(seed, 'kernels')
  return () => rng.normal()
}

/** Values that make a selection stumble. */
const fills: Record<string, Fill> = {
  'normal values': normal(1),
  'few distinct values': (i) => [0.5, -0.5, 1, 2][(i * 7919) % 4],
  'one value': () => 0.25,
  'zeros of both signs': (i) => (i % 3 ? 0 : -0),
  subnormals: (i) => ((i * 31) % 17) * 1e-45 * (i % 2 ? 1 : -1),
  'huge and tiny': (i) => (i % 2 ? 3e38 : 1e-38) / (1 + (i % 5)),
  'half zeros': (i) => (i % 2 ? 0 : Math.sin(i)),
}

const shapes = [
  [1, 1],
  [1, 33],
  [3, 31],
  [5, 32],
  [7, 64],
  [64, 97],
] as const

/** Column scales near 1, whose products f32 would round to each other. */
const closeScale =
  (columns: number): Fill =>
  (i) =>
    i < columns ? 1 + ((i * 5) % 7) * 2 ** -23 : ((i * 3) % 5) * 2 ** -26

function matrix(backend: Backend, rows: number, columns: number, fill: Fill): Tensor {
  return upload(
    backend,
    'f32',
    [rows, columns],
    Float32Array.from({ length: rows * columns }, (_, i) => fill(i)),
  )
}

/** The words that `body` writes into a mask which held ones in every bit, the unused ones 0. */
async function maskAfter(backend: Backend, rows: number, columns: number, body: (mask: Tensor) => Promise<unknown>) {
  const mask = upload(backend, 'u32', [rows, maskWords(columns)], new Uint32Array(rows * maskWords(columns)))
  const result = await body(mask)
  const words = Array.from((await backend.read(mask)) as Uint32Array)
  backend.release(mask)
  return { words, result }
}

const all: Record<string, CpuOptions> = {
  'two threads': { threads: 2 },
  'one thread without BLAS': { threads: 1, blas: 'none' },
  'tensors outside WebAssembly': { threads: 2, largeBytes: 0 },
  'tensors outside WebAssembly without BLAS': { threads: 2, blas: 'none', largeBytes: 0 },
}

for (const [label, options] of variants(all, ['two threads']))
  describe(`pruning kernels, ${label}`, () => {
    let cpu: CpuBackend
    let naive: PruneKernels
    before(async () => {
      cpu = await openCpu(options)
      naive = referencePrune(cpu)
    })
    after(() => cpu.close())

    /** Runs the same on both and compares masks and results. */
    async function same(rows: number, columns: number, run: (prune: PruneKernels, mask: Tensor) => Promise<unknown>) {
      const [a, b] = [
        await maskAfter(cpu, rows, columns, (mask) => run(cpu.prune, mask)),
        await maskAfter(cpu, rows, columns, (mask) => run(naive, mask)),
      ]
      assert.deepEqual(a, b)
    }

    for (const [what, fill] of Object.entries(fills))
      it(`masks rows and groups as a sort does: ${what}`, async () => {
        for (const [rows, columns] of shapes) {
          const weight = matrix(cpu, rows, columns, fill)
          const scale = matrix(cpu, 2, columns, (i) => (i < columns ? (i % 4) / 4 : 0))
          const close = matrix(cpu, 2, columns, closeScale(columns))
          for (const s of [null, scale, close]) {
            for (const k of [0, 1, Math.floor(columns / 2), columns])
              for (const ties of [false, true])
                await same(rows, columns, (prune, mask) => prune.maskRows(mask, weight, s, k, ties))
            for (const m of [2, 3, 4, 8, 31, 32].filter((size) => columns % size === 0))
              for (const n of new Set([1, Math.floor(m / 2), m - 1]))
                await same(rows, columns, (prune, mask) => prune.maskGroups(mask, weight, s, { n, m }))
          }
          cpu.release(weight)
          cpu.release(scale)
          cpu.release(close)
        }
      })

    it('compares scores in f64: f32 would make ties of them', async () => {
      const step = 2 ** -23
      // (1 + a·step)(1 + b·step) = 1 + (a + b)·step + a·b·step²: all four round to 1 + 6·step.
      const weight = matrix(cpu, 1, 8, (i) => 1 + [2, 3, 1, 5][i % 4] * step)
      const scale = matrix(cpu, 2, 8, (i) => (i < 8 ? 1 + [4, 3, 5, 1][i % 4] * step : 0))
      const rest = matrix(cpu, 2, 8, (i) => (i < 8 ? 1 : [3, 2, 0, 1][i % 4] * 2 ** -30))
      const ones = matrix(cpu, 1, 8, () => 1)
      for (const m of [4, 8]) {
        const { words } = await maskAfter(cpu, 1, 8, (bits) =>
          cpu.prune.maskGroups(bits, weight, scale, { n: m / 2, m }),
        )
        // a·b is 8, 9, 5, 5: the last two go.
        assert.deepEqual(words, [0b00110011])
        // The rests alone decide.
        const other = await maskAfter(cpu, 1, 8, (bits) => cpu.prune.maskGroups(bits, ones, rest, { n: m / 2, m }))
        assert.deepEqual(other.words, [0b00110011])
      }
      // Rows and limits tell the same scores apart: four of the row's eight go, then three.
      for (const [w, s] of [
        [weight, scale],
        [ones, rest],
      ]) {
        const scored = { weight: w, scale: s, columns: null }
        const row = await maskAfter(cpu, 1, 8, (bits) => cpu.prune.maskRows(bits, w, s, 4, false))
        assert.deepEqual(row.words, [0b00110011])
        const limit = await findLimit(
          cpu.prune.traits,
          (counts, digit) => cpu.prune.countScores(counts, scored, digit),
          8,
          3,
          'exact',
          true,
        )
        const cut = await maskAfter(cpu, 1, 8, (bits) => cpu.prune.maskBelow(bits, scored, limit))
        // The first three of the four smallest go: in one case all are equal, in the other the last two are.
        assert.deepEqual(cut.words, [0b10110011])
      }
    })

    for (const [what, fill] of Object.entries(fills))
      it(`counts digits and cuts at a limit as loops do: ${what}`, async () => {
        for (const [rows, columns] of shapes) {
          const weight = matrix(cpu, rows, columns, fill)
          const close = matrix(cpu, 2, columns, closeScale(columns))
          const ranges: (Columns | null)[] = [null, { start: Math.floor(columns / 3), end: columns }]
          for (const range of ranges)
            for (const scale of [null, close]) {
              const scored = { weight, scale, columns: range }
              const within = Math.abs(Math.fround(fill(3)))
              const pattern = new Int32Array(Float32Array.of(within).buffer)[0]
              for (const digit of [
                { shift: 15, bits: 16, prefix: 0, within: null },
                { shift: 20, bits: 11, prefix: 0, within: null },
                { shift: 10, bits: 10, prefix: pattern >>> 20, within: null },
                { shift: 0, bits: 15, prefix: pattern >>> 15, within: null },
                { shift: 15, bits: 16, prefix: 0, within },
                { shift: 20, bits: 11, prefix: 0, within },
                { shift: 10, bits: 10, prefix: exactPlace >>> 20, within },
              ]) {
                const [a, b] = [new Float64Array(2 ** digit.bits), new Float64Array(2 ** digit.bits)]
                await cpu.prune.countScores(a, scored, digit)
                await naive.countScores(b, scored, digit)
                assert.deepEqual(a, b)
              }
              const score = Math.abs(Math.fround(fill(5)))
              for (const place of [0, exactPlace - 2 ** 28, exactPlace, exactPlace + 1])
                for (const ties of [0, 1, 4, Infinity])
                  await same(rows, columns, (prune, mask) =>
                    prune
                      .maskBelow(mask, scored, { score, place, ties })
                      .then((taken) => (ties === Infinity ? null : taken)),
                  )
            }
          cpu.release(weight)
          cpu.release(close)
        }
      })

    it('says that there are scores which are not finite', async () => {
      for (const bad of [NaN, -NaN, Infinity, -Infinity]) {
        const weight = matrix(cpu, 3, 40, (i) => (i === 50 ? bad : 1))
        const mask = matrix(cpu, 3, 2, () => 0)
        assert.equal(await cpu.prune.maskRows({ ...mask, dtype: 'u32' }, weight, null, 20, false), 1)
        const scale = matrix(cpu, 2, 40, (i) => (i < 40 ? 1 : 0))
        const four = matrix(cpu, 3, 40, (i) => ([1, 2, 41, 100].includes(i) ? bad : 1))
        for (const m of [4, 8])
          for (const by of [null, scale])
            assert.equal(await cpu.prune.maskGroups({ ...mask, dtype: 'u32' }, four, by, { n: 2, m }), 4)
        cpu.release(scale)
        cpu.release(four)
        cpu.release(weight)
        cpu.release(mask)
      }
    })

    it('factors the inverse: UᵀU·H = 1, upper, and as the textbook does it', async () => {
      for (const n of [1, 2, 7, 127, 128, 129, 300]) {
        const { h, diagonal, values } = await hessian(cpu, n)
        const out = cpu.allocate('f32', [n, n])
        assert.equal(await cpu.prune.inverseFactor(out, h, diagonal), true)
        const u = (await cpu.read(out)) as Float32Array
        const expected = inverseFactor(values, n)
        assert.ok(expected)
        const largest = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 0)
        for (let i = 0; i < n * n; i++) {
          if (i % n < Math.floor(i / n)) assert.equal(u[i], 0)
          assert.ok(Math.abs(u[i] - expected[i]) < 2e-5 * largest, `n = ${n}, entry ${i}: ${u[i]} for ${expected[i]}`)
        }
        for (const tensor of [h, diagonal, out]) cpu.release(tensor)
      }
    })

    it('solves with a factor: what it returns times H is the right-hand side', async () => {
      const { factor, solve } = cpu.prune
      assert.ok(factor && solve)
      for (const [rows, n] of [
        [1, 1],
        [3, 7],
        [70, 129],
        [33, 300],
        [5, 700],
      ]) {
        const { h, diagonal, values } = await hessian(cpu, n)
        const right = matrix(cpu, rows, n, (i) => Math.sin(i))
        const [upper, x] = [cpu.allocate('f32', [n, n]), cpu.allocate('f32', [rows, n])]
        cpu.kernels.convert(x, right)
        assert.equal(await factor(upper, h, diagonal), true)
        await solve(x, upper)
        const solved = (await cpu.read(x)) as Float32Array
        for (let r = 0; r < rows; r++)
          for (let j = 0; j < n; j++) {
            let sum = 0
            for (let i = 0; i < n; i++) sum += solved[r * n + i] * values[i * n + j]
            assert.ok(Math.abs(sum - Math.sin(r * n + j)) < 1e-4, `n = ${n}, row ${r}, column ${j}: ${sum}`)
          }
        for (const tensor of [h, diagonal, right, upper, x]) cpu.release(tensor)
      }
    })

    it('says that a matrix is not positive definite, wherever it shows', async () => {
      for (const n of [3, 200])
        for (const at of [0, 1, n - 1]) {
          const { h, diagonal } = await hessian(cpu, n)
          const values = await cpu.read(diagonal)
          values[at] = at === 1 ? NaN : -1
          cpu.write(diagonal, values)
          const out = cpu.allocate('f32', [n, n])
          assert.equal(await cpu.prune.inverseFactor(out, h, diagonal), false)
          assert.equal(await cpu.prune.factor?.(out, h, diagonal), false)
          for (const tensor of [h, diagonal, out]) cpu.release(tensor)
        }
    })

    for (const groups of [null, { n: 2, m: 4 }, { n: 1, m: 3 }, { n: 5, m: 8 }])
      it(`sweeps a block of columns: ${groups ? `${groups.n}:${groups.m}` : 'a given mask'}`, async () => {
        for (const [rows, width, start, end] of [
          [1, 24, 0, 24],
          [17, 48, 0, 24],
          [40, 48, 24, 48],
          [300, 192, 24, 144],
        ]) {
          const { h, diagonal, values } = await hessian(cpu, width)
          const factor = inverseFactor(values, width)
          assert.ok(factor)
          const upper = matrix(cpu, width, width, (i) => factor[i])
          const inverseDiagonal = matrix(cpu, 1, width, (j) => 1 / factor[j * width + j])
          const dense = Float32Array.from({ length: rows * width }, normal(rows))
          const bits = Uint32Array.from({ length: rows * maskWords(width) }, (_, i) => Math.imul(i + 1, 0x9e3779b1))
          const run = async (prune: PruneKernels) => {
            const weight = upload(cpu, 'f32', [rows, width], dense)
            const mask = upload(cpu, 'u32', [rows, maskWords(width)], bits)
            const losses = upload(cpu, 'f32', [rows], new Float32Array(rows).fill(1))
            await prune.sparseGptBlock(weight, mask, losses, { upper, inverseDiagonal }, { start, end }, groups)
            const loss = (await readF32(cpu, losses)).reduce((sum, row) => sum + row - 1, 0)
            cpu.release(losses)
            const result = [(await cpu.read(weight)) as Float32Array, await cpu.read(mask)] as const
            cpu.release(weight)
            cpu.release(mask)
            return { loss, weight: result[0], mask: result[1] }
          }
          const [a, b] = [await run(cpu.prune), await run(naive)]
          assert.deepEqual(a.mask, b.mask)
          assert.ok(Math.abs(a.loss - b.loss) < 1e-5 * b.loss)
          a.weight.forEach((w, i) => {
            assert.ok(Math.abs(w - b.weight[i]) < 1e-4, `${w} for ${b.weight[i]} at ${i}`)
            assert.equal(w === 0, b.weight[i] === 0)
          })
          for (const tensor of [h, diagonal, upper, inverseDiagonal]) cpu.release(tensor)
        }
      })

    it('gives all memory back', async () => {
      const weight = matrix(cpu, 40, 64, normal(9))
      const mask = upload(cpu, 'u32', [40, 2], new Uint32Array(80))
      const use = async () => {
        await cpu.prune.maskRows(mask, weight, null, 7, false)
        await cpu.prune.maskBelow(mask, { weight, scale: null, columns: null }, { score: 1, place: 0, ties: 3 })
        return cpu.memory().usedBytes
      }
      assert.equal(await use(), await use())
    })
  })

/** A well-conditioned symmetric matrix, its diagonal apart; what stands on its own diagonal must not matter. */
async function hessian(backend: Backend, n: number) {
  const x = Float64Array.from({ length: 2 * n * n }, normal(n))
  const values = new Float64Array(n * n)
  for (let i = 0; i < n; i++) values[i * n + i] = 0.1
  // Row after row of x, which is contiguous, and a half of the result.
  for (let t = 0; t < 2 * n; t++)
    for (let i = 0; i < n; i++) {
      const xi = x[t * n + i] / n
      for (let j = 0; j <= i; j++) values[i * n + j] += xi * x[t * n + j]
    }
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) values[j * n + i] = values[i * n + j] = Math.fround(values[i * n + j])
  const h = matrix(backend, n, n, (i) => (i % (n + 1) ? values[i] : -1e9))
  const diagonal = upload(
    backend,
    'f32',
    [n],
    Float32Array.from({ length: n }, (_, j) => values[j * n + j]),
  )
  return { h, diagonal, values }
}

describe('a sweep whose block of U is larger than what a thread sees of tensors outside', () => {
  it('takes a larger window', async () => {
    const [rows, width, end] = [20, 200, 192]
    const results: Float32Array[] = []
    for (const options of [{}, { largeBytes: 0, stageBytes: 2 ** 16 }]) {
      const cpu = await openCpu({ threads: 2, ...options })
      const upper = Float32Array.from({ length: width * width }, (_, i) =>
        i % (width + 1) === 0 ? 1 : i % 7 === 0 && i % width > i / width ? 0.01 : 0,
      )
      const [weight, factor, scale] = [
        upload(
          cpu,
          'f32',
          [rows, width],
          Float32Array.from({ length: rows * width }, (_, i) => Math.sin(i + 1)),
        ),
        upload(cpu, 'f32', [width, width], upper),
        upload(cpu, 'f32', [1, width], new Float32Array(width).fill(1)),
      ]
      const mask = upload(
        cpu,
        'u32',
        [rows, maskWords(width)],
        new Uint32Array(rows * maskWords(width)).fill(0x5a5a5a5a),
      )
      const losses = upload(cpu, 'f32', [rows], new Float32Array(rows))
      await cpu.prune.sparseGptBlock(
        weight,
        mask,
        losses,
        { upper: factor, inverseDiagonal: scale },
        { start: 0, end },
        null,
      )
      results.push(await readF32(cpu, weight))
      await cpu.close()
    }
    assert.deepEqual(results[1], results[0])
  })
})
