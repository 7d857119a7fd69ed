// Plans a matrix product: windows of operands too large to bind, dispatches short enough for a watchdog, and the
// shader for its shape and the device.
import { bytesPerElement } from '../../../../dtype.ts'
import { slice, type Tensor } from '../../../tensor.ts'
import { dtypeCode, f32, maxGroups, perElement, pieces, runEach } from '../../shader.ts'
import type { Gpu, Param, Variant } from '../../shader.ts'
import { fewRowsColumns, fewRowsVariant, hasFewRows } from './fewRows.ts'
import { portableTile, portableVariants } from './portable.ts'
import { type Batch, gemmParams, single, type Sizes } from './params.ts'
import { smallProducts } from './small.ts'
import { tensorTile } from './tensorCores.ts'
import { mostMerged, mostNarrow, narrowLength, narrowVariants, tiledVariants } from './tiled.ts'

/**
 * out[m,n] = alpha · op(a) · op(b) + bias + residual + beta · out. A tensor only says where its first element is; rows are lda, ldb
 * and ldc apart. b may be 16-bit.
 */
export interface Product extends Sizes {
  readonly out: Tensor
  readonly a: Tensor
  readonly b: Tensor
  readonly bias: Tensor | null
  /** Its rows are as far apart as those of out. */
  readonly residual: Tensor | null
  /** Inputs keep all bits of f32 (the default). Only products of a model's linears may be rounded to f16, by tensor cores. */
  readonly exact?: boolean
  /** A part of a product uses the shader of the whole, even if few rows or columns are left, so that splitting changes no sums. */
  readonly isPart?: boolean
  /** The short side, if narrow tiles compute the product and all its parts. null: they do not; products with endings require that. */
  readonly narrow?: 'm' | 'n' | null
}

/** No shader's tile has fewer rows. */
const leastRows = 8
/** Pieces are multiples of every shader's tile. */
const granule = 64

/** Row-major operands without gaps, as the kernels' tensors are. */
export function product(
  out: Tensor,
  a: Tensor,
  b: Tensor,
  sizes: [m: number, n: number, k: number],
  rest: Partial<Product> = {},
): Product {
  const [m, n, k] = sizes
  const { transA = false, transB = false, alpha = 1, beta = 0, bias = null, residual = null, exact, isPart } = rest
  const { lda = transA ? m : k, ldb = transB ? k : n, ldc = n, narrow } = rest
  return { out, a, b, m, n, k, lda, ldb, ldc, transA, transB, alpha, beta, bias, residual, exact, isPart, narrow }
}

/** Splits what does not fit, in an order that depends on shapes and limits only, and runs the parts. */
export function multiply(gpu: Gpu, whole: Product): void {
  const p = withNarrow(gpu, whole)
  if (p.m === 0 || p.n === 0) return
  const rowsIn = (t: Tensor, stride: number) =>
    Math.max(1, Math.floor(gpu.reachBytes / bytesPerElement[t.dtype] / stride))
  const [outRows, aRows, bRows] = [rowsIn(p.out, p.ldc), rowsIn(p.a, p.lda), rowsIn(p.b, p.ldb)]
  const fit = {
    m: Math.min(outRows, maxGroups * leastRows, p.transA ? Infinity : aRows),
    n: p.transB ? bRows : Infinity,
    k: Math.min(p.transA ? aRows : Infinity, p.transB ? Infinity : bRows),
  }
  for (const along of ['m', 'n', 'k'] as const) if (p[along] > fit[along]) return split(gpu, p, along, fit[along])
  const sums = p.isPart ? 1 : sumsOf(gpu, p)
  if (sums > 1) return sumParts(gpu, p, sums)
  const share = gpu.flopsPerDispatch / (2 * p.m * p.n * p.k)
  for (const along of ['m', 'n'] as const)
    if (share < 1 && p[along] > granule) return split(gpu, p, along, Math.max(granule, Math.floor(p[along] * share)))
  runProduct(gpu, p, single)
}

/** Cuts rows, columns or the depth into pieces. Only the first piece of the depth adds bias, residual and beta · out. */
function split(gpu: Gpu, p: Product, along: 'm' | 'n' | 'k', most: number): void {
  for (const [start, end] of pieces(p[along], most, Math.min(granule, most))) {
    const [row, column, deep] = (['m', 'n', 'k'] as const).map((one) => (one === along ? start : 0))
    const isLater = deep > 0
    multiply(gpu, {
      ...p,
      [along]: end - start,
      isPart: p.isPart || along === 'm' || (along === 'n' && p.m > leastRows),
      out: from(p.out, row * p.ldc + column),
      a: from(p.a, p.transA ? deep * p.lda + row : row * p.lda + deep),
      b: from(p.b, p.transB ? column * p.ldb + deep : deep * p.ldb + column),
      bias: isLater ? null : p.bias && from(p.bias, column),
      residual: isLater ? null : p.residual && from(p.residual, row * p.ldc + column),
      beta: isLater ? 1 : p.beta,
    })
  }
}

/** Deep products with few tiles are split along the depth: few workgroups with long loops would leave a large card's units idle. */
const [fewTiles, enoughTiles, longDepth, leastDepth, mostSums] = [128, 256, 2048, 512, 16]

/** With fewer tiles, workgroups of 64 lanes would not fill a large card: four for each multiprocessor. */
const manySmallTiles = 512

/** Into how many sums of equal depth a product is divided, by its shape: 1 unless it is deep and has few tiles. */
function sumsOf(gpu: Gpu, p: Product): number {
  const side = p.narrow ? narrowLength : granule
  // A step of a narrow tile is four times as deep.
  const deep = p.narrow && p[p.narrow] <= 16 ? 2 * longDepth : longDepth
  const tiles = Math.ceil(p.m / side) * Math.ceil(p.n / side)
  if (gpu.smallSubgroups || tiles >= fewTiles || p.k < deep || hasFewRows(p)) return 1
  let sums = Math.min(mostSums, Math.ceil(enoughTiles / tiles), Math.floor(p.k / leastDepth))
  while (sums > 1 && (p.k % (16 * sums) !== 0 || 4 * sums * p.m * p.n > gpu.windowBytes)) sums--
  return sums
}

const total = perElement(
  'totalOfSums',
  { y: 'rw f32', sums: 'f32', bias: 'f32', residual: 'f32' },
  { count: 'u32', n: 'u32', ldc: 'u32', hasBias: 'u32', hasResidual: 'u32', alpha: 'f32', beta: 'f32' },
  /* wgsl */ `
  var sum = 0.0;
  for (var s = 0u; s < p.count; s++) { sum += sums[p.sumsAt + s * p.length + i]; }
  let place = (i / p.n) * p.ldc + i % p.n;
  let at = p.yAt + place;
  var value = p.alpha * sum;
  if (p.hasBias == 1u) { value += bias[p.biasAt + i % p.n]; }
  if (p.hasResidual == 1u) { value += residual[p.residualAt + place]; }
  if (p.beta != 0.0) { value += p.beta * y[at]; }
  y[at] = value;`,
)

/** Computes the parts side by side, then adds them up, always from the first to the last. */
function sumParts(gpu: Gpu, p: Product, count: number): void {
  const { m, n } = p
  const k = p.k / count
  const [aStep, bStep] = [p.transA ? k * p.lda : k, p.transB ? k : k * p.ldb]
  const sums = gpu.scratch([count * m, n])
  const part: Product = { ...p, k, out: sums, ldc: n, alpha: 1, beta: 0, bias: null, residual: null, isPart: true }
  if (2 * m * n * p.k <= gpu.flopsPerDispatch) runProduct(gpu, part, { count, a: aStep, b: bStep, out: m * n })
  else
    for (let s = 0; s < count; s++)
      multiply(gpu, { ...part, out: from(sums, s * m * n), a: from(p.a, s * aStep), b: from(p.b, s * bStep) })
  addParts(gpu, p, sums, count)
}

/** out = alpha · the total of `count` sums [m,n] + bias + residual + beta · out. */
export function addParts(gpu: Gpu, p: Product, sums: Tensor, count: number): void {
  const { m, n, ldc, alpha, beta, bias, residual } = p
  const beside = [bias ? slice(bias, 0, [n]) : sums, residual ? matrixOf(residual, m, n, ldc) : sums]
  const params = [count, n, ldc, Number(bias !== null), Number(residual !== null), f32(alpha), f32(beta)]
  runEach(gpu, total, m * n, [matrixOf(p.out, m, n, ldc), sums, ...beside], params)
}

/** m rows of n elements, `stride` apart. */
export const matrixOf = (t: Tensor, m: number, n: number, stride: number) => slice(t, 0, [(m - 1) * stride + n])

/** From this element on. */
export const from = (t: Tensor, elements: number) => slice(t, elements, [t.length - elements])

/** A batch of products in one dispatch; everything fits into windows. */
export function runProduct(gpu: Gpu, p: Product, batch: Batch): void {
  const tensors = [p.bias && slice(p.bias, 0, [p.n]), p.residual && matrixOf(p.residual, p.m, p.n, p.ldc)]
  // The matrices of a batch share one bias: its stride is 0.
  dispatch(gpu, p, batch, choose(gpu, p, batch), { tensors, params: [...tensors.map((t) => Number(t !== null)), 0] })
}

interface Chosen {
  readonly variant: Variant
  readonly rows: number
  readonly columns: number
}

/** What a shader has beside out, a and b. For a null tensor, `a` is bound and not read. */
interface Beside {
  readonly tensors: readonly (Tensor | null)[]
  readonly params: readonly Param[]
}

function dispatch(gpu: Gpu, p: Product, batch: Batch, { variant, rows, columns }: Chosen, beside: Beside): void {
  const { m, n, k } = p
  const part = (t: Tensor, rows: number, stride: number, width: number, step: number) =>
    slice(t, 0, [(batch.count - 1) * step + (rows - 1) * stride + width])
  const a = p.transA ? part(p.a, k, p.lda, m, batch.a) : part(p.a, m, p.lda, k, batch.a)
  const b = p.transB ? part(p.b, n, p.ldb, k, batch.b) : part(p.b, k, p.ldb, n, batch.b)
  const out = part(p.out, m, p.ldc, n, batch.out)
  gpu.run({
    variant,
    tensors: [out, a, b, ...beside.tensors.map((tensor) => tensor ?? a)],
    params: [...gemmParams(p, batch), ...beside.params],
    groups: [Math.ceil(n / columns), Math.ceil(m / rows), batch.count],
    flops: 2 * m * n * k * batch.count,
  })
}

/** An operation that is applied to a product before it is stored. The matrices have no gaps. */
export interface Ending {
  /**
   * masked: 0 where the mask drops the weight. summed: as masked, and rowSums[m] += the sums of op(a)'s rows. merged: weight + alpha ·
   * product ⊙ mask. sloped: product ⊙ f′(x), for a single product.
   */
  readonly kind: 'masked' | 'summed' | 'merged' | 'sloped'
  readonly weight?: Tensor
  readonly mask?: Tensor | null
  readonly rowSums?: Tensor | null
  readonly x?: Tensor
  /** f, by its number in shaders. */
  readonly activation?: number
}

type Operands = readonly (Tensor | null)[]

/** Elements from each tensor to the next, if all have one length and one distance in a buffer; 0 if all are the same or null; else null. */
export function stepOf([first, ...others]: Operands): number | null {
  if (!first) return others.some(Boolean) ? null : 0
  const step = others[0] ? others[0].offset - first.offset : 0
  const isNext = (t: Tensor | null, i: number) =>
    t?.buffer === first.buffer && t.length === first.length && t.offset === first.offset + (i + 1) * step
  return step >= 0 && others.every(isNext) ? step : null
}

/** One tensor that covers all operands, which are `step` elements apart. */
const spanOf = ([first, ...others]: Operands, step: number): Tensor | null =>
  first && slice(first, 0, [first.length + step * others.length])

/**
 * Products of one size, without residuals, in one dispatch, each with its ending if it has one. Does nothing and returns false where no
 * shader does it: then the caller does one after the other, to the same bytes.
 */
export function multiplyAtOnce(gpu: Gpu, products: readonly Product[], endings: readonly Ending[] = []): boolean {
  const count = products.length
  const kind = endings.length > 0 ? endings[0].kind : 'plain'
  const biases = products.map(({ bias, n }) => bias && slice(bias, 0, [n]))
  const [masks, sums] = [endings.map(({ mask = null }) => mask), endings.map(({ rowSums = null }) => rowSums)]
  const operands = (['out', 'a', 'b'] as const).map((name) => products.map((one) => one[name]))
  const steps = [...operands, biases, masks, sums].map(stepOf).flatMap((step) => step ?? [])
  const [out, a, b, bias, mask, rowSums] = steps
  const batch: Batch = { count, a, b, out }
  const p = withNarrow(gpu, products[0])
  const spans = [p.m * p.ldc, (p.transA ? p.k : p.m) * p.lda, (p.transB ? p.n : p.k) * p.ldb]
  const reach = 4 * Math.max(...spans.map((span, i) => span + (count - 1) * steps[i]))
  const fits = reach <= gpu.reachBytes && 2 * p.m * p.n * p.k * count <= gpu.flopsPerDispatch
  const weights = endings.flatMap(({ weight = [] }) => weight)
  const isMerged = weights.length <= mostMerged && weights.every(({ dtype }) => dtype === weights[0].dtype)
  if (steps.length < 6 || gpu.smallSubgroups || onMatrixUnits(gpu, p) || !fits || !isMerged) return false
  const chosen = tiledOf(gpu, p, batch, kind, dtypeCode((weights[0] ?? p.b).dtype))
  if (!chosen || hasFewRows(p) || sumsOf(gpu, p) > 1) return false
  const [kept, words] = [spanOf(masks, mask), [masks[0]?.shape[1] ?? 0, mask]]
  const beside = {
    plain: { tensors: [spanOf(biases, bias), null], params: [Number(p.bias !== null), 0, bias] },
    masked: { tensors: [kept], params: words },
    summed: { tensors: [kept, spanOf(sums, rowSums)], params: [...words, rowSums] },
    merged: {
      tensors: [kept, ...Array.from({ length: mostMerged }, (_, i) => weights[Math.min(i, count - 1)])],
      params: [...words, Number(kept !== null)],
    },
    sloped: { tensors: [endings[0]?.x ?? null], params: [endings[0]?.activation ?? 0] },
  }[kind]
  dispatch(gpu, p, batch, chosen, beside)
  return true
}

/** Products of one size, each with its ending, in one dispatch or in one each; `apart` computes a product that no shader can end. */
export function multiplyAndEnd(
  gpu: Gpu,
  products: readonly Product[],
  endings: readonly Ending[],
  apart: (index: number) => void,
): void {
  if (multiplyAtOnce(gpu, products, endings)) return
  products.forEach((one, k) => {
    if (products.length === 1 || !multiplyAtOnce(gpu, [one], [endings[k]])) apart(k)
  })
}

/** Products of one size in one dispatch, or one after the other. */
export function multiplyAll(gpu: Gpu, products: readonly Product[]): void {
  if (products.length === 1 || !multiplyAtOnce(gpu, products)) for (const one of products) multiply(gpu, one)
}

/** Whether all offsets and leading dimensions are multiples of four, and n and the contiguous sides too. */
function isInVectors(p: Product, batch: Batch): boolean {
  const { m, n, k } = p
  const offsets = [p.out, p.a, p.b, ...(p.residual ? [p.residual] : [])].map(({ offset }) => offset)
  const steps = [p.ldc, p.lda, p.ldb, batch.a, batch.b, batch.out, n, p.transA ? m : k, p.transB ? k : n]
  return k > 0 && [...offsets, ...steps].every((x) => x % 4 === 0)
}

const onMatrixUnits = ({ tensorProducts }: Gpu, { exact = true }: Product): boolean =>
  tensorProducts !== null && !(exact && tensorProducts.rounds)

/** Sets `narrow` if the short side is at most 64 and narrow tiles can compute the product: they leave no lanes without work. */
function withNarrow(gpu: Gpu, p: Product): Product {
  if (p.narrow !== undefined) return p
  const isNarrow = Math.min(p.m, p.n) <= mostNarrow && p.k >= mostNarrow && !hasFewRows(p) && isInVectors(p, single)
  if (!isNarrow || gpu.smallSubgroups || onMatrixUnits(gpu, p)) return { ...p, narrow: null }
  return { ...p, narrow: p.n <= p.m ? 'n' : 'm' }
}

/** The shader with tiles of vectors of four; null if there is none for `kind`, or not everything is in vectors. */
function tiledOf(gpu: Gpu, p: Product, batch: Batch, kind: keyof typeof tiledVariants, type: number): Chosen | null {
  const { m, n, narrow } = p
  if (!isInVectors(p, batch)) return null
  if (narrow) {
    const { width, [narrow]: of } = narrowVariants.find(({ width }) => width >= p[narrow]) ?? narrowVariants[0]
    const [rows, columns] = narrow === 'm' ? [width, narrowLength] : [narrowLength, width]
    return { variant: of[type], rows, columns }
  }
  const { few, small, large, largeTwice } = tiledVariants[kind]
  const tilesOf = (side: number) => Math.ceil(m / side) * Math.ceil(n / side) * batch.count
  if (!gpu.largeTiles || tilesOf(128) < gpu.largeTiles.least) {
    const isFew = gpu.largeTiles && (tilesOf(64) < manySmallTiles || !small)
    const of = isFew ? few : small
    return of && { variant: of[type], rows: 64, columns: 64 }
  }
  return { variant: (gpu.largeTiles.buffers === 2 ? largeTwice : large)[type], rows: 128, columns: 128 }
}

/** The shader and its tile. Shaders for small subgroups load vectors, to which all operands must be aligned. */
function choose(gpu: Gpu, p: Product, batch: Batch): Chosen {
  const type = dtypeCode(p.b.dtype)
  if (gpu.tensorProducts && onMatrixUnits(gpu, p))
    return { variant: gpu.tensorProducts.variants[type], rows: tensorTile, columns: tensorTile }
  const even = (vector: number, ...numbers: number[]) => numbers.every((x) => x % vector === 0)
  if (gpu.smallSubgroups && p.k > 0) {
    const wide = type === 0 ? 4 : 8
    const aEven = even(4, p.transA ? p.m : p.k, p.lda, p.a.offset, batch.a)
    const bEven = even(wide, p.transB ? p.k : p.n, p.ldb, p.b.offset, batch.b)
    if (aEven && bEven && !p.transA) return smallProducts[p.transB ? 'nt' : 'nn'][type]
    if (aEven && bEven && !p.transB && type === 0) return smallProducts.tn[0]
  }
  if (!p.isPart && hasFewRows(p)) {
    const variant = fewRowsVariant(p)
    if (variant) return { variant, rows: p.m, columns: fewRowsColumns }
  }
  const portable = { variant: portableVariants[type], rows: portableTile, columns: portableTile }
  return tiledOf(gpu, p, batch, 'plain', type) ?? portable
}
