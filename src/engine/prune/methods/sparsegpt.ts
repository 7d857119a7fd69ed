// SparseGPT (arXiv 2301.00774; docs/methods.md, "SparseGPT"): prune column block by column block, each error spread over the columns
// to its right by the factor of the inverse Hessian.
import { Arena } from '../../compute/arena.ts'
import { breathe } from '../../breathe.ts'
import { EngineError } from '../../errors.ts'
import { readF32, upload, type Backend } from '../../compute/backend.ts'
import type { InverseFactor } from '../../compute/pruneKernels.ts'
import type { Tensor } from '../../compute/tensor.ts'
import { finiteDiagonal, readDiagonal, uploadScale } from './hessian.ts'
import type { PruneHost } from '../host.ts'
import { settingOf } from '../../../plan/pruneEntry.ts'
import { rankOf, RankMasks } from '../select.ts'
import type { SolveInput, SolveMethod } from './method.ts'

export const sparsegpt: SolveMethod = {
  kind: 'solve',
  async prepare({ host, hessian, entry, name, warn }) {
    const factor = await factorHessian(host, hessian, settingOf(entry, 'dampening'), name, warn)
    return {
      dead: factor.dead,
      solve: (input) => sparseGpt(host, factor, input),
      release: () => releaseFactor(host, factor),
    }
  },
}

/** State that linears with the same input share. */
interface HessianFactor extends InverseFactor {
  /** Inputs that were 0 on all tokens. */
  readonly dead: readonly number[]
}

/** How often a failed factorisation is tried again, each time with ten times the dampening. */
const retries = 4
/** Least dampening of a retry. */
const leastRetried = 1e-3

/**
 * Factors a Hessian [I,I] on the host backend without changing it. Dead inputs get a diagonal of 1, then `dampening`
 * times the mean diagonal is added to all. Warns when more damping was needed.
 */
export async function factorHessian(
  host: PruneHost,
  hessian: Tensor,
  dampening: number,
  name: string,
  warn: (message: string) => void,
): Promise<HessianFactor> {
  const n = hessian.shape[0]
  const diagonal = await finiteDiagonal(host, hessian, name)
  const dead = [...diagonal.keys()].filter((j) => diagonal[j] === 0)
  for (const j of dead) diagonal[j] = 1
  const mean = diagonal.reduce((a, b) => a + b, 0) / n
  using arena = new Arena(host)
  const upper = arena.allocate([n, n])
  const damped = arena.allocate([n])
  let share = dampening
  for (let attempt = 0; attempt <= retries; attempt++) {
    if (attempt > 0) share = Math.max(10 * share, leastRetried)
    host.write(
      damped,
      diagonal.map((d) => d + share * mean),
    )
    if (!(await host.prune.inverseFactor(upper, hessian, damped))) continue
    if (attempt > 0) warn(`${name}: its Hessian is not positive definite with dampening ${dampening}; used ${share}`)
    const inverse = Float64Array.from(await readDiagonal(host, upper), (d) => 1 / d)
    return { inverseDiagonal: uploadScale(host, inverse), upper: arena.keep(upper), dead }
  }
  throw new EngineError(
    'numeric',
    `${name}: its Hessian is not positive definite even with a dampening of ${share}; use more calibration samples, or set a larger dampening`,
  )
}

function releaseFactor(host: PruneHost, factor: HessianFactor): void {
  host.release(factor.upper)
  host.release(factor.inverseDiagonal)
}

/** Prunes a weight [O,I] in place and fills its mask. @throws EngineError 'numeric' where it diverges. */
export async function sparseGpt(
  host: PruneHost,
  factor: HessianFactor,
  { weight, mask, entry, name }: SolveInput,
): Promise<void> {
  const [rows, width] = weight.shape
  const blockSize = settingOf(entry, 'block_size')
  zeroColumns(host, weight, factor.dead)
  using arena = new Arena(host)
  const losses = arena.allocate([rows])
  host.kernels.fill(losses, 0)
  using masks = new RankMasks(host, name)
  for (let start = 0; start < width; start += blockSize) {
    await breathe()
    const columns = { start, end: Math.min(start + blockSize, width) }
    if (!entry.pattern) {
      // The smallest w²/d² of the columns, over all rows; |w|/d has the same order.
      const rank = rankOf(entry.selection, rows * (columns.end - start), entry.sparsities.get(name) ?? 0)
      await masks.prune(mask, { weight, scale: factor.inverseDiagonal, columns }, rank, entry.selection)
    }
    await host.prune.sparseGptBlock(weight, mask, losses, factor, columns, entry.pattern)
  }
  const [found] = await Promise.all([readF32(host, losses), masks.check()])
  if (!found.every(Number.isFinite))
    throw new EngineError(
      'numeric',
      `${name}: pruning diverged to values that are not finite; set a larger dampening or use more calibration samples`,
    )
}

function zeroColumns(host: Backend, weight: Tensor, columns: readonly number[]): void {
  if (!columns.length) return
  const [rows, width] = weight.shape
  const zeros = upload(host, 'f32', [rows], new Float32Array(rows))
  const step = { rows, groups: 1, width: 1, outRow: width, outGroup: 0, inRow: 1, inGroup: 0, inOffset: 0 }
  for (const column of columns) host.kernels.copy(weight, zeros, { ...step, outOffset: column })
  host.release(zeros)
}
