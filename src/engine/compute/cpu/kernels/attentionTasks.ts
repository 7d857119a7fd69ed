// Attention as pool tasks: one (batch, head) and a tile of queries at a time, scores in scratch, never T × T per head. Where q, k
// and v are bf16, so are the other operands of their products: a tile of probabilities or of their gradients is rounded in scratch.
import type { AttentionShape } from '../../kernels.ts'
import { isOutside } from '../outside.ts'
import { elementType } from '../matmul.ts'
import type { Task, TaskEnv } from '../task.ts'
import { elementBytes, gemmOf } from './productTasks.ts'

/** Numbers every attention task takes, after its tensors. */
interface Layout extends Readonly<Omit<AttentionShape, 'batch'>> {
  readonly tile: number
  /** Element type of q, k and v, and of what is multiplied with them. */
  readonly code: number
}

/** Most scores of a tile, over all of its heads, that stay in the cache. */
const tileScores = 2 ** 17
/** Least queries of a tile of several heads. */
const leastQueries = 32

/** Queries of a tile: few enough that its scores stay in the cache, few enough that causality saves work. */
export function queryTile(seqLen: number, heads = 1): number {
  return Math.max(8, Math.min(64, seqLen, Math.floor(tileScores / seqLen / heads)))
}

/** One tile: queries [query, query+rows) see keys [key, key+keys). */
interface Tile {
  readonly query: number
  readonly rows: number
  readonly key: number
  readonly keys: number
}

function tileOf({ seqLen, window, tile }: Layout, index: number): Tile {
  const query = index * tile
  const rows = Math.min(tile, seqLen - query)
  const key = window > 0 ? Math.max(0, query - window + 1) : 0
  return { query, rows, key, keys: query + rows - key }
}

function layoutOf(args: readonly number[], from: number): Layout {
  const [seqLen, numHeads, numKvHeads, headDim, scale, window, softcap, tile, code] = args.slice(from)
  return { seqLen, numHeads, numKvHeads, headDim, scale, window, softcap, tile, code }
}

const kvHeadOf = ({ numHeads, numKvHeads }: Layout, head: number) => Math.floor((head * numKvHeads) / numHeads)

/** scores[rows, keys] = q·kᵀ of one tile, not yet scaled: oneDNN takes eight times as long for scaled bf16 products. */
function productsOf(env: TaskEnv, h: Layout, t: Tile, q: number, k: number, scores: number): void {
  const [ldq, ldk] = [h.numHeads * h.headDim, h.numKvHeads * h.headDim]
  const bytes = elementBytes(h.code)
  const [from, to] = [q + bytes * t.query * ldq, k + bytes * t.key * ldk]
  gemmOf(env, h.code)(false, true, t.rows, t.keys, h.headDim, 1, from, ldq, to, ldk, 0, scores, t.keys)
}

/** Bytes of scratch for `matrices` tiles of scores, in f32, and in bf16 as well where products read bf16. */
const scoreBytes = (seqLen: number, code: number, matrices: number, heads = 1) =>
  matrices * heads * queryTile(seqLen, heads) * seqLen * (4 + (code === 0 ? 0 : elementBytes(code)))

/** Bytes of scratch of the forward: scores, a factor for each row of a tile of `out`, and the tile. */
export function forwardBytes({ seqLen, headDim }: AttentionShape, code: number): number {
  return scoreBytes(seqLen, code, 1) + 4 * queryTile(seqLen) * (1 + headDim)
}

/** Bytes of scratch of `attentionAlone`. */
export const aloneBytes = (shape: AttentionShape, code: number) => scoreBytes(shape.seqLen, code, 1, headsAtOnce(shape))

export function backwardBytes({ seqLen }: AttentionShape, code: number): number {
  return scoreBytes(seqLen, code, 2)
}

/** x[rows, columns] = 0. */
function zeroColumns({ stage, wasm }: TaskEnv, rows: number, columns: number, x: number, ld: number): void {
  if (!isOutside(x)) return void wasm.zeroColumns(rows, columns, x, ld)
  const mark = stage.mark()
  const zeros = stage.take(4 * columns)
  wasm.fill(0, columns, zeros, 0)
  stage.copyRows(x, 4 * ld, zeros, 0, rows, 4 * columns)
  stage.flush(mark)
}

/** Args: out, its dtype code, logSum, q, k, v, keyMask, layout. Items: (batch, head, tile). */
const attention: Task = (env, args, start, end) => {
  const [out, outCode, logSum, q, k, v, keyMask] = args
  const h = layoutOf(args, 7)
  const tiles = Math.ceil(h.seqLen / h.tile)
  const { stage, scratch: scores } = env
  const [gemm, bytes] = [gemmOf(env, h.code), elementBytes(h.code)]
  const [ldq, ldk] = [h.numHeads * h.headDim, h.numKvHeads * h.headDim]
  const factors = scores + scoreBytes(h.seqLen, h.code, 1)
  const mixed = factors + 4 * h.tile
  const narrow = h.code === 0 ? 0 : scores + 4 * h.tile * h.seqLen
  for (let item = start; item < end; item++) {
    const t = tileOf(h, item % tiles)
    const head = Math.floor(item / tiles) % h.numHeads
    const row = Math.floor(item / tiles / h.numHeads) * h.seqLen
    const atQ = row * ldq + head * h.headDim
    const atK = row * ldk + kvHeadOf(h, head) * h.headDim
    productsOf(env, h, t, q + bytes * atQ, k + bytes * atK, scores)
    const mask = keyMask && keyMask + 4 * (row + t.key)
    const sums = logSum + 4 * ((row + t.query) * h.numHeads + head)
    const mark = stage.mark()
    const near = stage.bytes('in', mask, 4 * t.keys)
    const logSums = stage.rows('out', sums, t.rows, 1, h.numHeads)
    const places = [near, scores, narrow, factors]
    env.wasm.softmaxTile(t.rows, t.keys, t.query - t.key, h.window, ...places, ...logSums, h.scale, h.softcap)
    stage.flush(mark)
    const from = v + bytes * (atK + t.key * ldk)
    gemm(false, false, t.rows, h.headDim, t.keys, 1, narrow || scores, t.keys, from, ldk, 0, mixed, h.headDim)
    const outBytes = elementBytes(outCode)
    const to = out + outBytes * (atQ + t.query * ldq)
    const nearOut = stage.rows('out', to, t.rows, h.headDim, ldq, outBytes)
    env.wasm.scaleTile(t.rows, h.headDim, mixed, h.headDim, factors, ...nearOut, outCode)
    stage.flush(mark)
  }
}

/**
 * Heads whose products share one call: heads that read the same keys and values, as many as leave at least `leastQueries` queries
 * in a tile. For heads with keys of their own, one call for several is slower than one call for each (Zen 5).
 */
export function headsAtOnce({ seqLen, numHeads, numKvHeads }: AttentionShape): number {
  const sharing = numHeads / numKvHeads
  let heads = Math.max(1, Math.min(sharing, Math.floor(tileScores / leastQueries / seqLen)))
  while (sharing % heads !== 0) heads--
  return heads
}

/** Args: out, its dtype code, q, k, v, heads at once, layout. Items: (batch, heads, tile). oneDNN does all but the masking. */
const attentionAlone: Task = ({ wasm, primitives, scratch: scores }, args, start, end) => {
  const [out, outCode, q, k, v, heads] = args
  const h = layoutOf(args, 6)
  const tiles = Math.ceil(h.seqLen / h.tile)
  const [type, bytes] = [elementType(h.code), elementBytes(h.code)]
  const [ldq, ldk] = [h.numHeads * h.headDim, h.numKvHeads * h.headDim]
  const shares = h.code === 0 ? scores : scores + 4 * heads * h.tile * h.seqLen
  for (let item = start; item < end; item++) {
    const { query, rows, keys } = tileOf(h, item % tiles)
    const head = heads * (Math.floor(item / tiles) % (h.numHeads / heads))
    const row = Math.floor((heads * Math.floor(item / tiles)) / h.numHeads) * h.seqLen
    const atQ = (row + query) * ldq + head * h.headDim
    const atK = bytes * (row * ldk + kvHeadOf(h, head) * h.headDim)
    primitives?.matmul({
      type,
      transA: false,
      transB: true,
      m: rows,
      n: keys,
      k: h.headDim,
      a: q + bytes * atQ,
      lda: ldq,
      b: k + atK,
      ldb: ldk,
      c: scores,
      ldc: keys,
      sharing: heads > 1 ? { count: heads, a: h.headDim, c: rows * keys } : undefined,
      alpha: h.scale,
    })
    for (let i = 0; i < heads; i++) wasm.hideLater(rows, keys, query, scores + 4 * i * rows * keys)
    primitives?.softmax(heads * rows, keys, scores, shares, type)
    primitives?.matmul({
      type,
      transA: false,
      transB: false,
      m: rows,
      n: h.headDim,
      k: keys,
      a: shares,
      lda: keys,
      b: v + atK,
      ldb: ldk,
      c: out + elementBytes(outCode) * atQ,
      ldc: ldq,
      sharing: heads > 1 ? { count: heads, a: rows * keys, c: h.headDim } : undefined,
      out: elementType(outCode),
    })
  }
}

/**
 * Args: dQ, dK, dV, dOut, dOut as products read it, out, logSum, q, k, v, keyMask, heads of a slot, layout. Items: (batch, head).
 * dK and dV have one slot for each `heads` heads, which share keys and are all in one chunk. Slots are summed afterwards.
 */
const attentionBackward: Task = (env, args, start, end) => {
  const [dQ, dK, dV, dOut, dOutOperand, out, logSum, q, k, v, keyMask, heads] = args
  const h = layoutOf(args, 12)
  const { stage } = env
  const [gemm, bytes] = [gemmOf(env, h.code), elementBytes(h.code)]
  const [ldq, ldk, ldd] = [h.numHeads * h.headDim, h.numKvHeads * h.headDim, (h.numHeads / heads) * h.headDim]
  const probabilities = env.scratch
  const gradients = probabilities + 4 * h.tile * h.seqLen
  const narrow = h.code === 0 ? 0 : gradients + 4 * h.tile * h.seqLen
  for (let item = start; item < end; item++) {
    const head = item % h.numHeads
    const row = Math.floor(item / h.numHeads) * h.seqLen
    const atQ = row * ldq + head * h.headDim
    const atK = row * ldk + kvHeadOf(h, head) * h.headDim
    const atD = 4 * (row * ldd + Math.floor(head / heads) * h.headDim)
    if (head % heads === 0) for (const d of [dK, dV]) zeroColumns(env, h.seqLen, h.headDim, d + atD, ldd)
    for (let index = 0; index * h.tile < h.seqLen; index++) {
      const t = tileOf(h, index)
      const { rows, keys } = t
      productsOf(env, h, t, q + bytes * atQ, k + bytes * atK, probabilities)
      const [tileQ, tileK, tileD] = [atQ + t.query * ldq, atK + t.key * ldk, atD + 4 * t.key * ldd]
      const [d, from] = [dOutOperand + bytes * tileQ, v + bytes * tileK]
      gemm(false, true, rows, keys, h.headDim, 1, d, ldq, from, ldk, 0, gradients, keys)
      const mask = keyMask && keyMask + 4 * (row + t.key)
      const sums = logSum + 4 * ((row + t.query) * h.numHeads + head)
      const mark = stage.mark()
      const near = stage.bytes('in', mask, 4 * keys)
      const logSums = stage.rows('in', sums, rows, 1, h.numHeads)
      const outs = [dOut, out].flatMap((x) => stage.rows('in', x + 4 * tileQ, rows, h.headDim, ldq))
      env.wasm.softmaxTileBackward(
        ...[rows, keys, t.query - t.key, h.window, near, probabilities, gradients, narrow, ...logSums],
        ...[...outs, h.headDim, h.scale, h.softcap],
      )
      stage.flush(mark)
      const [shares, dScores] = narrow ? [narrow, narrow + bytes * rows * keys] : [probabilities, gradients]
      gemm(true, false, keys, h.headDim, rows, 1, shares, keys, d, ldq, 1, dV + tileD, ldd)
      gemm(false, false, rows, h.headDim, keys, 1, dScores, keys, k + bytes * tileK, ldk, 0, dQ + 4 * tileQ, ldq)
      gemm(true, false, keys, h.headDim, rows, 1, dScores, keys, q + bytes * tileQ, ldq, 1, dK + tileD, ldd)
    }
  }
}

export const attentionTasks: Readonly<Record<string, Task>> = { attention, attentionAlone, attentionBackward }
