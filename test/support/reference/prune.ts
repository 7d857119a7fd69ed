// The slow, obviously right pruning kernels: naive sorts and textbook loops, over any backend's reads and writes.
import type { NmPattern } from '../../../src/catalog/formats/sparsity.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import {
  exactPlace,
  type Columns,
  type Digit,
  type Limit,
  type PruneKernels,
  type Scored,
} from '../../../src/engine/compute/pruneKernels.ts'
import { maskWords } from '../../../src/catalog/formats/maskFile.ts'
import type { Tensor } from '../../../src/engine/compute/tensor.ts'

const f32 = new Float32Array(1)
const u32 = new Uint32Array(f32.buffer)

/** Both keys of a score (see Digit): how scores order. */
function keysOf(score: number): readonly [pattern: number, place: number] {
  f32[0] = score
  const pattern = u32[0]
  const ulp = 2 ** (Math.max(pattern >>> 23, 1) - 150)
  return [pattern, Math.trunc(((score - f32[0]) / ulp) * 2 ** 30) + exactPlace]
}

/** Scores of the columns, row-major, and the place of each. */
async function scoresOf(backend: Backend, { weight, scale, columns }: Scored) {
  const [rows, width] = weight.shape
  const w = await backend.read(weight)
  const s = scale && (await backend.read(scale))
  const { start, end } = columns ?? { start: 0, end: width }
  const count = end - start
  const scores = new Float64Array(rows * count)
  for (let i = 0; i < scores.length; i++) {
    const column = start + (i % count)
    scores[i] = Math.abs(w[Math.floor(i / count) * width + column] * (s ? s[column] + s[width + column] : 1))
  }
  return { scores, rows, start, count }
}

/** Clears the bits of the pruned, sets those of the kept columns. */
async function writeMask(backend: Backend, mask: Tensor, drop: Uint8Array, rows: number, start: number) {
  const words = (await backend.read(mask)) as Uint32Array
  const perRow = words.length / rows
  const count = drop.length / rows
  for (let i = 0; i < drop.length; i++) {
    const column = start + (i % count)
    const at = Math.floor(i / count) * perRow + (column >> 5)
    if (drop[i]) words[at] &= ~(1 << (column & 31))
    else words[at] |= 1 << (column & 31)
  }
  backend.write(mask, words)
}

export function referencePrune(backend: Backend): PruneKernels {
  /** Prunes the first k by (score, index) of each run of `size` scores. */
  const maskRuns = async (mask: Tensor, scored: Scored, size: number, k: number, withTies: boolean) => {
    const { scores, rows, start } = await scoresOf(backend, scored)
    const drop = new Uint8Array(scores.length)
    for (let first = 0; first < scores.length; first += size) {
      const order = Array.from({ length: size }, (_, i) => first + i)
      order.sort((a, b) => scores[a] - scores[b] || a - b)
      const tied = (i: number) => withTies && k > 0 && scores[i] === scores[order[k - 1]]
      order.forEach((i, rank) => (drop[i] = rank < k || tied(i) ? 1 : 0))
    }
    await writeMask(backend, mask, drop, rows, start)
    let bad = 0
    for (const score of scores) if (!Number.isFinite(Math.fround(score))) bad++
    return bad
  }
  return {
    traits: { scoresInF64: true, widestDigit: 16, mostSwapInputs: Infinity },
    async countScores(counts: Float64Array, scored: Scored, { shift, bits, prefix, within }: Digit) {
      const { scores } = await scoresOf(backend, scored)
      for (const score of scores) {
        const [pattern, place] = keysOf(score)
        if (within !== null && Math.fround(score) !== within) continue
        const key = within === null ? pattern : place
        if (Math.floor(key / 2 ** (shift + bits)) === prefix) counts[Math.floor(key / 2 ** shift) % 2 ** bits]++
      }
    },
    async maskBelow(mask: Tensor, scored: Scored, limit: Limit) {
      const { scores, rows, start } = await scoresOf(backend, scored)
      let ties = 0
      const [limitPattern] = keysOf(limit.score)
      const drop = Uint8Array.from(scores, (score) => {
        const [pattern, place] = keysOf(score)
        if (pattern !== limitPattern) return pattern < limitPattern ? 1 : 0
        if (place === limit.place && ties < limit.ties) return ++ties && 1
        return place < limit.place ? 1 : 0
      })
      await writeMask(backend, mask, drop, rows, start)
      return ties
    },
    maskRows: (mask, weight, scale, k, withTies) =>
      maskRuns(mask, { weight, scale, columns: null }, weight.shape[1], k, withTies),
    maskGroups: (mask, weight, scale, { n, m }) => maskRuns(mask, { weight, scale, columns: null }, m, n, false),
    async inverseFactor(out: Tensor, h: Tensor, diagonal: Tensor) {
      const n = h.shape[0]
      const values = Float64Array.from(await backend.read(h))
      ;(await backend.read(diagonal)).forEach((d, j) => (values[j * n + j] = d))
      const factor = inverseFactor(values, n)
      if (factor) backend.write(out, Float32Array.from(factor))
      return factor !== null
    },
    async sparseGptBlock(weight, mask, losses, factor, columns, pattern) {
      const [rows, width] = weight.shape
      const w = Float64Array.from(await backend.read(weight))
      const u = Float64Array.from(await backend.read(factor.upper))
      const words = (await backend.read(mask)) as Uint32Array
      const sums = (await backend.read(losses)) as Float32Array
      for (let r = 0; r < rows; r++) {
        const bits = words.subarray(r * maskWords(width), (r + 1) * maskWords(width))
        sums[r] += sweepRow(w.subarray(r * width, (r + 1) * width), bits, u, columns, pattern)
      }
      backend.write(weight, Float32Array.from(w))
      backend.write(mask, words)
      backend.write(losses, sums)
    },
    async swapRows(mask, weight, dense, gram, { most, group }) {
      const [rows, width] = weight.shape
      const [w, full, g] = [await backend.read(weight), await backend.read(dense), await backend.read(gram)]
      const words = (await backend.read(mask)) as Uint32Array
      const figures = Array.from({ length: rows }, (_, r) => {
        const own = [w, full].map((values) => Float64Array.from(values.slice(r * width, (r + 1) * width)))
        const bits = words.subarray(r * maskWords(width), (r + 1) * maskWords(width))
        return swapRow(own[0], own[1], bits, g, Math.min(most, width), group)
      })
      backend.write(mask, words)
      const column = (key: keyof (typeof figures)[0]) => Float64Array.from(figures, (row) => row[key])
      return { before: column('before'), after: column('after'), room: column('room'), swaps: column('swaps') }
    },
  }
}

/** Looks at every pair before every swap. */
function swapRow(
  w: Float64Array,
  dense: Float64Array,
  bits: Uint32Array,
  g: ArrayLike<number>,
  most: number,
  group: number,
) {
  const n = w.length
  const columns = Array.from({ length: n }, (_, j) => j)
  const isKept = (j: number) => ((bits[j >> 5] >>> (j & 31)) & 1) === 1
  let before: number | null = null
  for (let swaps = 0; ; swaps++) {
    const residual = columns.map((j) => (isKept(j) ? dense[j] - w[j] : dense[j]))
    const c = columns.map((i) => residual.reduce((sum, x, j) => sum + g[i * n + j] * x, 0))
    const error = residual.reduce((sum, x, j) => sum + x * c[j], 0)
    before ??= error
    let best = { change: 0, a: -1, b: -1 }
    for (const a of columns)
      for (const b of columns) {
        if (isKept(a) || !isKept(b) || (group > 0 && Math.floor(a / group) !== Math.floor(b / group))) continue
        const comes = -2 * dense[a] * c[a] + dense[a] ** 2 * g[a * n + a]
        const goes = 2 * w[b] * c[b] + w[b] ** 2 * g[b * n + b]
        const change = comes + goes - 2 * dense[a] * w[b] * g[a * n + b]
        if (change < best.change) best = { change, a, b }
      }
    if (swaps === most || best.change === 0 || -best.change < 1e-6 * error)
      return { before, after: error, room: -best.change, swaps }
    bits[best.a >> 5] |= 1 << (best.a & 31)
    bits[best.b >> 5] &= ~(1 << (best.b & 31))
  }
}

/** Upper U with UᵀU = h⁻¹, or null. Reading h backwards turns a lower Cholesky factor into h = R·Rᵀ, and U = R⁻¹. */
export function inverseFactor(h: Float64Array, n: number): Float64Array | null {
  const l = h.slice().reverse()
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = l[i * n + j]
      for (let k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k]
      if (i === j && !(sum > 0 && sum < Infinity)) return null
      l[i * n + j] = i === j ? Math.sqrt(sum) : sum / l[j * n + j]
    }
  }
  const inverse = new Float64Array(n * n)
  for (let j = 0; j < n; j++) {
    inverse[j * n + j] = 1 / l[j * n + j]
    for (let i = j + 1; i < n; i++) {
      let sum = 0
      for (let k = j; k < i; k++) sum -= l[i * n + k] * inverse[k * n + j]
      inverse[i * n + j] = sum / l[i * n + i]
    }
  }
  return inverse.reverse()
}

/** One row of SparseGPT's block, column by column; every step updates all later columns of the row. */
function sweepRow(
  w: Float64Array,
  bits: Uint32Array,
  u: Float64Array,
  columns: Columns,
  pattern: NmPattern | null,
): number {
  const n = w.length
  let loss = 0
  for (let j = columns.start; j < columns.end; j++) {
    if (pattern && (j - columns.start) % pattern.m === 0) {
      const group = Array.from({ length: pattern.m }, (_, i) => j + i)
      const score = (c: number) => Math.fround(Math.abs(w[c]) / u[c * n + c])
      group.sort((a, b) => score(a) - score(b) || a - b)
      group.forEach((c, rank) => {
        if (rank < pattern.n) bits[c >> 5] &= ~(1 << (c & 31))
        else bits[c >> 5] |= 1 << (c & 31)
      })
    }
    if ((bits[j >> 5] >>> (j & 31)) & 1) continue
    const error = w[j] / u[j * n + j]
    w[j] = 0
    for (let k = j + 1; k < n; k++) w[k] -= error * u[j * n + k]
    loss += (error * error) / 2
  }
  return loss
}
