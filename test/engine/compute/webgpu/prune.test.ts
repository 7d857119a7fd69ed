// The GPU's pruning operations against sorts of the same f32 scores, and textbook loops in f64; whole and in windows that
// hold a few rows.
import assert from 'node:assert/strict'
import { readF32, upload, type Backend } from '../../../../src/engine/compute/backend.ts'
import type { PruneKernels } from '../../../../src/engine/compute/pruneKernels.ts'
import { openReference } from '../../../support/reference/backend.ts'
import { inverseFactor, referencePrune } from '../../../support/reference/prune.ts'
import { maskWords } from '../../../../src/catalog/formats/maskFile.ts'
import type { Tensor } from '../../../../src/engine/compute/tensor.ts'
import type { WebGpuBackend, WebGpuOptions } from '../../../../src/engine/compute/webgpu/backend.ts'
import { countScores, findLimit, RankMasks } from '../../../../src/engine/prune/select.ts'
import { createRng } from '../../../../src/engine/rng.ts'
import { openOrSkip } from '../../../support/webgpu.ts'

const normal = (seed: number) => {
  const rng = createRng(seed, 'gpu prune')
  return () => rng.normal()
}

/** Values that make a selection stumble. */
const fills: Record<string, (i: number) => number> = {
  'normal values': normal(1),
  'few distinct values': (i) => [0.5, -0.5, 1, 2][(i * 7919) % 4],
  'one value': () => 0.25,
  'zeros of both signs': (i) => (i % 3 ? 0 : -0),
  'huge and tiny': (i) => (i % 2 ? 1e38 : 1e-35) / (1 + (i % 5)),
  'half zeros': (i) => (i % 2 ? 0 : Math.sin(i)),
}

const shapes = [
  [1, 1],
  [3, 31],
  [7, 64],
  [64, 97],
  [5, 9000],
] as const

/** The rule of docs/methods.md, "Comparison groups and exact counts", on runs of `size` scores: the words of the mask. */
function sorted(scores: Float32Array, rows: number, columns: number, size: number, k: number, withTies: boolean) {
  const words = new Uint32Array(rows * maskWords(columns))
  for (let first = 0; first < scores.length; first += size) {
    const order = Array.from({ length: size }, (_, i) => first + i)
    order.sort((a, b) => scores[a] - scores[b] || a - b)
    order.forEach((i, rank) => {
      if (rank < k || (withTies && k > 0 && scores[i] === scores[order[k - 1]])) return
      const column = i % columns
      words[Math.floor(i / columns) * maskWords(columns) + (column >> 5)] |= 1 << (column & 31)
    })
  }
  return words
}

const variants: Record<string, WebGpuOptions> = {
  whole: {},
  'in windows': { windowBytes: 16384, reachBytes: 16384 },
  'in windows that reach further': { windowBytes: 16384 },
}

for (const [title, options] of Object.entries(variants))
  describe(`pruning on a GPU, ${title}`, function () {
    this.timeout(300_000)
    let gpu: WebGpuBackend
    before(async function () {
      gpu = await openOrSkip(this, options)
    })
    after(() => gpu?.close())

    const matrix = (rows: number, columns: number, fill: (i: number) => number) =>
      upload(
        gpu,
        'f32',
        [rows, columns],
        Float32Array.from({ length: rows * columns }, (_, i) => fill(i)),
      )

    async function maskAfter(rows: number, columns: number, body: (mask: Tensor) => Promise<unknown>) {
      const mask = upload(gpu, 'u32', [rows, maskWords(columns)], new Uint32Array(rows * maskWords(columns)))
      await body(mask)
      const words = (await gpu.read(mask)) as Uint32Array
      gpu.release(mask)
      return words
    }

    // Where a window ends, what matters is whether values are alike on both sides.
    for (const [what, fill] of Object.entries(fills).filter(
      ([name]) => title === 'whole' || /^(normal|few)/.test(name),
    ))
      it(`selects what a sort does: ${what}`, async () => {
        for (const [rows, columns] of shapes) {
          const weight = matrix(rows, columns, fill)
          const scale = matrix(2, columns, (i) => (i < columns ? (i % 4) / 4 : 0))
          const [w, s] = [await gpu.read(weight), await gpu.read(scale)]
          for (const by of [null, scale]) {
            const scores = Float32Array.from(w, (value, i) => Math.abs(by ? value * s[i % columns] : value))
            for (const k of new Set([0, 1, Math.floor(columns / 2), columns]))
              for (const ties of [false, true]) {
                const found = await maskAfter(rows, columns, (mask) => gpu.prune.maskRows(mask, weight, by, k, ties))
                assert.deepEqual(found, sorted(scores, rows, columns, columns, k, ties), `rows, k = ${k}`)
              }
            for (const m of [2, 3, 4, 31].filter((size) => columns % size === 0)) {
              const n = Math.floor(m / 2)
              const found = await maskAfter(rows, columns, (mask) => gpu.prune.maskGroups(mask, weight, by, { n, m }))
              assert.deepEqual(found, sorted(scores, rows, columns, m, n, false), `${n}:${m}`)
            }
            const size = rows * columns
            for (const rank of new Set([0, 1, Math.floor(size * 0.6), size]))
              for (const selection of ['exact', 'perp'] as const) {
                const scored = { weight, scale: by, columns: null }
                const limit = await findLimit(
                  gpu.prune.traits,
                  (counts, digit) => countScores(gpu.prune, counts, scored, digit, 'w'),
                  ...([size, rank, selection, by !== null] as const),
                )
                const found = await maskAfter(rows, columns, (mask) => gpu.prune.maskBelow(mask, scored, limit))
                assert.deepEqual(found, sorted(scores, rows, columns, size, rank, selection === 'perp'), `${rank}`)
                using masks = new RankMasks(gpu, 'w')
                const alone = await maskAfter(rows, columns, (mask) => masks.prune(mask, scored, rank, selection))
                assert.deepEqual(alone, found, `${rank}, found on the device`)
                await masks.check()
              }
          }
          gpu.release(weight)
          gpu.release(scale)
        }
      })

    it('leaves the bits of other columns, and says how many ties it took', async () => {
      const [rows, columns] = [3, 70]
      const weight = matrix(rows, columns, (i) => (i % 7 ? 1 : 0))
      const scored = { weight, scale: null, columns: { start: 30, end: 40 } }
      const mask = upload(gpu, 'u32', [rows, 3], new Uint32Array(rows * 3).fill(0b101))
      const taken = await gpu.prune.maskBelow(mask, scored, { score: 0, place: 2 ** 29, ties: 3 })
      // Columns 35; 30 and 37 of the rows 0, 1 and so on hold a 0: three of them go, the others of the range stay.
      const zeros = Array.from({ length: rows * columns }, (_, i) => i).filter(
        (i) => i % columns >= 30 && i % columns < 40 && i % 7 === 0,
      )
      const dropped = new Set(zeros.slice(0, 3))
      const expected = new Uint32Array(rows * 3).fill(0b101)
      for (let r = 0; r < rows; r++)
        for (let c = 30; c < 40; c++)
          if (dropped.has(r * columns + c)) expected[r * 3 + (c >> 5)] &= ~(1 << (c & 31))
          else expected[r * 3 + (c >> 5)] |= 1 << (c & 31)
      assert.deepEqual(await gpu.read(mask), expected)
      assert.equal(taken, 3)
    })

    it('says that there are scores which are not finite', async () => {
      for (const bad of [NaN, -NaN, Infinity, -Infinity]) {
        const weight = matrix(3, 40, (i) => (i === 50 ? bad : 1))
        const mask = gpu.allocate('u32', [3, 2])
        assert.equal(await gpu.prune.maskRows(mask, weight, null, 20, false), 1)
        assert.equal(await gpu.prune.maskGroups(mask, weight, null, { n: 2, m: 4 }), 1)
        const scored = { weight, scale: null, columns: null }
        const digit = { shift: 20, bits: 11, prefix: 0, within: null }
        await assert.rejects(countScores(gpu.prune, new Float64Array(2048), scored, digit, 'fc1'), { code: 'numeric' })
        using masks = new RankMasks(gpu, 'fc1')
        await maskAfter(weight.shape[0], weight.shape[1], (mask) => masks.prune(mask, scored, 3, 'exact'))
        await assert.rejects(masks.check(), { code: 'numeric', message: /^fc1: 1 pruning scores are not finite/ })
      }
    })

    it('factors the inverse as the textbook does it, and says what is not positive definite', async () => {
      for (const n of [1, 2, 7, 128, 129, 300]) {
        const { h, diagonal, values } = hessian(n)
        const out = gpu.allocate('f32', [n, n])
        assert.equal(await gpu.prune.inverseFactor(out, h, diagonal), true)
        const u = (await gpu.read(out)) as Float32Array
        const expected = inverseFactor(values, n)!
        const largest = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 0)
        for (let i = 0; i < n * n; i++) {
          if (i % n < Math.floor(i / n)) assert.equal(u[i], 0, `below the diagonal at ${i} of ${n}`)
          assert.ok(Math.abs(u[i] - expected[i]) < 2e-5 * largest, `n = ${n}, entry ${i}: ${u[i]} for ${expected[i]}`)
        }
        for (const at of new Set([0, n - 1]))
          for (const bad of [-1, NaN]) {
            const line = Float32Array.from({ length: n }, (_, j) => (j === at ? bad : values[j * n + j]))
            gpu.write(diagonal, line)
            assert.equal(await gpu.prune.inverseFactor(out, h, diagonal), false)
          }
        for (const tensor of [h, diagonal, out]) gpu.release(tensor)
      }
    })

    // Windows of a few rows would make thousands of dispatches of it.
    if (!options.reachBytes)
      it('factors several panels, the last of them ragged', async () => {
        // Panels have 1,024 columns: three of them, and two where windows divide them.
        const [n, rho] = [options.windowBytes ? 1100 : 2100, 0.6]
        const own = 1 / Math.sqrt(1 - rho ** 2)
        const h = matrix(n, n, (i) => rho ** Math.abs(Math.floor(i / n) - (i % n)))
        const diagonal = matrix(1, n, () => 1)
        const out = gpu.allocate('f32', [n, n])
        assert.equal(await gpu.prune.inverseFactor(out, h, diagonal), true)
        // Hᵢⱼ = ρ^|i − j| has an inverse of three diagonals, and its factor two.
        const u = (await gpu.read(out)) as Float32Array
        let worst = 0
        for (let i = 0; i < n; i++)
          for (let j = 0; j < n; j++) {
            const expected = j === i ? (i === n - 1 ? 1 : own) : j === i + 1 ? -rho * own : 0
            worst = Math.max(worst, Math.abs(u[i * n + j] - expected))
            if (j < i) assert.ok(Object.is(u[i * n + j], 0), `below the diagonal in row ${i}`)
          }
        assert.ok(worst < 1e-5, `${worst}`)
        for (const tensor of [h, diagonal, out]) gpu.release(tensor)
      })

    for (const groups of [null, { n: 2, m: 4 }, { n: 1, m: 3 }, { n: 5, m: 12 }])
      it(`sweeps a block of columns: ${groups ? `${groups.n}:${groups.m}` : 'a given mask'}`, async () => {
        for (const [rows, width, start, end] of [
          [1, 24, 0, 24],
          [40, 48, 24, 48],
          [300, 192, 24, 144],
        ]) {
          const factor = inverseFactor(hessian(width).values, width)!
          const dense = Float32Array.from({ length: rows * width }, normal(rows))
          const bits = Uint32Array.from({ length: rows * maskWords(width) }, (_, i) => Math.imul(i + 1, 0x9e3779b1))
          const run = async (backend: Backend, prune: PruneKernels) => {
            const weight = upload(backend, 'f32', [rows, width], dense)
            const mask = upload(backend, 'u32', [rows, maskWords(width)], bits)
            const upper = upload(backend, 'f32', [width, width], Float32Array.from(factor))
            const line = Float32Array.from({ length: width }, (_, j) => 1 / factor[j * width + j])
            const inverseDiagonal = upload(backend, 'f32', [1, width], line)
            const losses = upload(backend, 'f32', [rows], new Float32Array(rows).fill(1))
            await prune.sparseGptBlock(weight, mask, losses, { upper, inverseDiagonal }, { start, end }, groups)
            const loss = (await readF32(backend, losses)).reduce((sum, row) => sum + row - 1, 0)
            return { loss, weight: (await backend.read(weight)) as Float32Array, mask: await backend.read(mask) }
          }
          const reference = openReference()
          const [a, b] = [await run(gpu, gpu.prune), await run(reference, referencePrune(reference))]
          assert.deepEqual(a.mask, b.mask)
          assert.ok(Math.abs(a.loss - b.loss) < 1e-5 * b.loss, `${a.loss} for ${b.loss}`)
          a.weight.forEach((w, i) => {
            assert.ok(Math.abs(w - b.weight[i]) < 1e-4, `${w} for ${b.weight[i]} at ${i}`)
            assert.equal(Object.is(w, 0), b.weight[i] === 0)
          })
        }
      })

    it('gives all memory back', async () => {
      const weight = matrix(40, 64, normal(9))
      const mask = gpu.allocate('u32', [40, 2])
      const before = gpu.memory().usedBytes
      await gpu.prune.maskRows(mask, weight, null, 7, false)
      await gpu.prune.maskBelow(mask, { weight, scale: null, columns: null }, { score: 1, place: 2 ** 29, ties: 3 })
      assert.equal(gpu.memory().usedBytes, before)
    })

    /** A well-conditioned symmetric matrix, its diagonal apart; what stands on its own diagonal must not matter. */
    function hessian(n: number) {
      const x = Float64Array.from({ length: 2 * n * n }, normal(n))
      const values = new Float64Array(n * n)
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) {
          let sum = i === j ? 0.1 : 0
          for (let t = 0; t < 2 * n; t++) sum += (x[t * n + i] * x[t * n + j]) / n
          values[i * n + j] = Math.fround(sum)
        }
      const h = matrix(n, n, (i) => (i % (n + 1) ? values[i] : -1e9))
      const diagonal = upload(
        gpu,
        'f32',
        [n],
        Float32Array.from({ length: n }, (_, j) => values[j * n + j]),
      )
      return { h, diagonal, values }
    }
  })
