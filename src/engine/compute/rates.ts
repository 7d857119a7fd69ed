// How fast this processor does each kind of work (catalog/methods/work.ts). Each kind is measured by a kernel of its own, in one to two
// seconds together, and the rates are kept for as long as the same libraries compute.
import { measuredAt, type Rates, usualRates, type WorkKind } from '../../catalog/methods/work.ts'
import { Arena } from './arena.ts'
import type { Backend, Precision } from './backend.ts'
import type { AttentionShape } from './kernels.ts'
import type { PruneKernels } from './pruneKernels.ts'
import { maskWords, type Tensor } from './tensor.ts'
import { keepRates, keptRates, ratesFile } from '../machine.ts'

/** Another firmware may change what was measured. */
const keptMs = 30 * 24 * 3600 * 1000
/** Seconds of a run from which on its forecast is worth the one or two that measuring takes. */
const worthMeasuring = 20

export function isWorthMeasuring(seconds: number | null): boolean {
  return seconds !== null && seconds > worthMeasuring
}

/** The rates of a backend on the processor, kept or measured now. Undefined for a GPU. */
export async function ratesOf(
  backend: Backend,
  { file = ratesFile(), now = Date.now(), measure = measureRates } = {},
): Promise<Rates | undefined> {
  const { info, prune, traits } = backend
  if (!traits.inHostMemory || !prune) return undefined
  const threads = Number(info.details.threads)
  const libraries = `${String(info.details.blas)}, oneDNN ${String(info.details.oneDnn)}`
  const known = await keptRates(threads, file)
  if (known?.libraries === libraries && Math.abs(now - known.at) < keptMs) return known.rates
  const rates = await measure({ ...backend, prune }, threads)
  await keepRates(threads, { rates, libraries, at: now }, file)
  return rates
}

/** A backend that computes and prunes on the threads of this process. */
type Measured = Backend & { readonly prune: PruneKernels }

interface Trial {
  readonly kind: WorkKind
  /** What one run does, in the unit of the kind. */
  readonly units: number
  run(): unknown
}

/** All kinds are measured so often, after once to warm up, and the median counts: other programs compute too. */
const rounds = 3

/** Sizes of elementwise kernels: more than a cache of one core holds, as in a pass over many tokens. */
const [rows, columns] = [1024, 1536]
const rank = 16
const scale = 1e-3

/** Rates of one of `threads`, while all compute. Of bf16, where there are no products of it, those of f32. */
export async function measureRates(backend: Measured, threads: number): Promise<Rates> {
  const rates: Record<WorkKind, number> = { ...usualRates }
  const trials = [elementwise, training, choosing, solving, ...sizedTrials(backend)]
  const measured = new Map<WorkKind, number[]>()
  // Rounds over all kinds: the first leaves the compilers time for their best code.
  for (let round = 0; round <= rounds; round++)
    for (const trialsOf of trials) {
      using arena = new Arena(backend)
      for (const { kind, units, run } of trialsOf(backend, arena)) {
        const begun = threadSeconds(threads)
        await run()
        const rate = units / Math.max(1e-6, threadSeconds(threads) - begun)
        if (round > 0) measured.set(kind, [...(measured.get(kind) ?? []), rate])
      }
    }
  for (const [kind, found] of measured) rates[kind] = found.toSorted((a, b) => a - b)[found.length >> 1]
  if (!backend.traits.bf16Products)
    for (const kind of Object.keys(rates) as WorkKind[])
      if (kind.includes('bf16')) rates[kind] = rates[kind.replace('bf16', 'f32') as WorkKind]
  return rates
}

/** Processor seconds of all threads together, which other programs do not lengthen; Windows counts them too seldom. */
function threadSeconds(threads: number): number {
  if (process.platform === 'win32') return (threads * performance.now()) / 1000
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

type Trials = (backend: Measured, arena: Arena) => Trial[]

/** A tensor full of one number: what memory held before may be denormal, which takes its own time. */
function filled(backend: Measured, arena: Arena, shape: readonly number[], dtype: Precision = 'f32'): Tensor {
  const out = arena.allocate(shape, dtype)
  const wide = dtype === 'f32' ? out : arena.allocate(shape)
  backend.kernels.fill(wide, 0.5)
  if (wide !== out) backend.kernels.convert(out, wide)
  return out
}

function elementwise(backend: Measured, arena: Arena): Trial[] {
  const { kernels } = backend
  const [x, y, z, w] = Array.from({ length: 4 }, () => filled(backend, arena, [rows, columns]))
  const [weight, rstd] = [filled(backend, arena, [columns]), filled(backend, arena, [rows])]
  const units = rows * columns
  return [
    { kind: 'move', units, run: () => kernels.add(z, x, y) },
    { kind: 'norm', units, run: () => kernels.rmsNorm(z, rstd, x, weight, 1e-6, 0) },
    { kind: 'normBack', units, run: () => kernels.rmsNormBackward(z, weight, y, x, rstd, weight, 0) },
    { kind: 'activation', units, run: () => kernels.gated(z, x, y, 'silu') },
    { kind: 'activationBack', units, run: () => kernels.gatedBackward(z, w, x, y, x, 'silu') },
  ]
}

function training(backend: Measured, arena: Arena): Trial[] {
  const { kernels } = backend
  const [logits, dense, out] = Array.from({ length: 3 }, () => filled(backend, arena, [rows, columns]))
  const [runMax, runSum, target] = Array.from({ length: 3 }, () => filled(backend, arena, [rows]))
  const [sums, a, b] = [
    [rows, 5],
    [rank, columns],
    [rows, rank],
  ].map((shape) => filled(backend, arena, shape))
  const targets = arena.allocate([rows], 'i32')
  const mask = arena.allocate([rows, maskWords(columns)], 'u32')
  backend.write(mask, new Uint32Array(mask.length).fill(0x55555555))
  backend.write(targets, new Int32Array(rows))
  const streams = { runMax, runSum, divergence: sums }
  const loss = { dense: 0.5, temperature: 1 }
  const units = rows * columns
  return [
    { kind: 'adapt', units: rank * units, run: () => kernels.loraWeight(out, dense, mask, a, b, scale) },
    {
      kind: 'loss',
      units: 2 * units,
      run() {
        kernels.logSumExpChunk(runMax, runSum, target, logits, targets, 0)
        kernels.crossEntropyBackwardChunk(out, runMax, runSum, targets, target, 0)
      },
    },
    {
      kind: 'divergence',
      units: 2 * units,
      run() {
        kernels.divergenceChunk(sums, logits, dense, 1)
        kernels.distillBackwardChunk(out, dense, streams, targets, target, loss, 0)
      },
    },
  ]
}

function choosing(backend: Measured, arena: Arena): Trial[] {
  const [weight, scales] = [arena.allocate([rows / 4, columns]), arena.allocate([2, columns])]
  backend.write(
    weight,
    new Float32Array(weight.length).map((_, i) => Math.sin(i)),
  )
  backend.kernels.fill(scales, 1)
  const mask = arena.allocate([rows / 4, maskWords(columns)], 'u32')
  const units = weight.length
  // The first digit of a matrix of fewer than 2^20 weights, as solvers count it in every iteration (prune/select.ts).
  const scored = { weight, scale: null, columns: null }
  const digit = { shift: 20, bits: 11, prefix: 0, within: null }
  const counts = new Float64Array(2 ** digit.bits)
  return [
    { kind: 'choice', units, run: () => backend.prune.maskRows(mask, weight, scales, columns / 2, false) },
    { kind: 'score', units, run: () => backend.prune.countScores(counts, scored, digit) },
  ]
}

/** The columns of a Hessian, and those of a block. */
const [solved, block] = [768, 128]

function solving(backend: Measured, arena: Arena): Trial[] {
  const { kernels, prune } = backend
  const [h, upper] = [arena.allocate([solved, solved]), arena.allocate([solved, solved])]
  const [ones, inverseDiagonal, losses] = [[solved], [2, solved], [rows]].map((shape) => arena.allocate(shape))
  const weight = filled(backend, arena, [rows, solved])
  const mask = arena.allocate([rows, maskWords(solved)], 'u32')
  for (const tensor of [h, losses]) kernels.fill(tensor, 0)
  for (const tensor of [ones, inverseDiagonal]) kernels.fill(tensor, 1)
  backend.write(mask, new Uint32Array(mask.length).fill(0x55555555))
  const factor = { upper, inverseDiagonal }
  const last = { start: solved - block, end: solved }
  return [
    { kind: 'factor', units: solved ** 3, run: () => prune.inverseFactor(upper, h, ones) },
    // Nothing is right of the last block.
    {
      kind: 'sweep',
      units: rows * block ** 2,
      run: () => prune.sparseGptBlock(weight, mask, losses, factor, last, null),
    },
  ]
}

function sizedTrials({ traits }: Measured): Trials[] {
  const precisions: readonly Precision[] = traits.bf16Products ? ['f32', 'bf16'] : ['f32']
  const { product } = measuredAt
  return precisions.flatMap((precision): Trials[] => [
    products(precision, '', 1024, product.small),
    products(precision, ' wide', 256, product.wide),
    attention(precision, '', { seqLen: 512, numHeads: 9, headDim: 64 }),
    attention(precision, ' wide', { seqLen: 1024, numHeads: 2, headDim: 128 }),
  ])
}

function products(precision: Precision, size: '' | ' wide', tokens: number, width: number): Trials {
  return (backend, arena) => {
    const [x, weight] = [
      [tokens, width],
      [width, width],
    ].map((shape) => filled(backend, arena, shape, precision))
    const out = arena.allocate([tokens, width])
    const units = 2 * tokens * width ** 2
    return [{ kind: `product ${precision}${size}`, units, run: () => backend.kernels.linear(out, x, weight, null) }]
  }
}

function attention(
  precision: Precision,
  size: '' | ' wide',
  { seqLen, numHeads, headDim }: Pick<AttentionShape, 'seqLen' | 'numHeads' | 'headDim'>,
): Trials {
  return (backend, arena) => {
    const { kernels } = backend
    const shape = { batch: 1, seqLen, numHeads, numKvHeads: numHeads, headDim, scale: 0.1, window: 0, softcap: 0 }
    const all = [seqLen, numHeads * headDim]
    const [q, k, v] = Array.from({ length: 3 }, () => filled(backend, arena, all, precision))
    const [out, dOut, dQ, dK, dV] = Array.from({ length: 5 }, () => filled(backend, arena, all))
    const logSum = arena.allocate([seqLen, numHeads])
    // A tile of 64 queries meets the keys before it, and its own.
    const met = (seqLen * (seqLen + 64)) / 2
    const each = met * numHeads * headDim
    return [
      {
        kind: `attention ${precision}${size}`,
        units: 4 * each,
        run: () => kernels.attention(out, logSum, q, k, v, null, shape),
      },
      {
        kind: `attentionBack ${precision}${size}`,
        units: 10 * each,
        run: () => kernels.attentionBackward(dQ, dK, dV, dOut, out, logSum, q, k, v, null, shape),
      },
    ]
  }
}
