// ALPS (arXiv 2406.07831; docs/methods.md, "ALPS"): mask and weights by ADMM with a penalty that grows until the mask stops changing, then
// least squares on the weights that are kept. It computes differences to the dense weights: f32 is then enough.
import { breathe } from '../../breathe.ts'
import { Arena, fillArenaAsync } from '../../compute/arena.ts'
import type { Tensor } from '../../compute/tensor.ts'
import { keptInverses, leastSquaresSteps } from '../../../catalog/methods/alps.ts'
import { settingOf, type PruneEntry } from '../../../plan/pruneEntry.ts'
import type { PruneHost } from '../host.ts'
import { bitCount } from '../mask.ts'
import { type Projection, RankMasks } from '../select.ts'
import { factored, invert, scaleColumns, unitHessian, type UnitHessian, writeBack } from './hessian.ts'
import { leastSquares } from './leastSquares.ts'
import type { HessianInput, SolveInput, SolveMethod } from './method.ts'

export const alps: SolveMethod = {
  kind: 'solve',
  async prepare(input) {
    const shared = await prepareAlps(input)
    return {
      // Dead inputs need no special case: damped, their n is √δ, the smallest of all. Most are pruned first; kept ones do not change.
      dead: [],
      async solve(solveInput) {
        await solveAlps(input.host, shared, solveInput)
      },
      release: shared.release,
    }
  },
}

/** State that linears with the same input share. */
interface AlpsHessian extends UnitHessian {
  /** out[O,I] = x[O,I]·(H + ρI)⁻¹. */
  solveAt(rho: number, out: Tensor, x: Tensor): Promise<void>
  release(): void
}

/** At most `inverses` inverses are kept. @throws EngineError 'numeric' */
export async function prepareAlps(
  { host, hessian, entry, name, warn }: HessianInput,
  inverses = keptInverses(hessian.shape[0]),
): Promise<AlpsHessian> {
  return fillArenaAsync(host, async (arena) => {
    const units = await unitHessian(arena, host, hessian, settingOf(entry, 'dampening'), name)
    const { h, unit } = units
    const n = unit.length
    const kept = new Map<number, Tensor>()
    const spare = { matrix: null as Tensor | null, holds: '' }
    /** Fills one more matrix, which is reused for each ρ without a kept inverse. */
    const inSpare = async (holds: string, make: (out: Tensor) => Promise<void>) => {
      spare.matrix ??= arena.allocate([n, n])
      if (spare.holds === holds) return spare.matrix
      spare.holds = ''
      await make(spare.matrix)
      spare.holds = holds
      return spare.matrix
    }
    const at = (rho: number) => ({ host, h, diagonal: unit.map((d) => d + rho), name, warn })
    const inverseAt = async (rho: number) => {
      const known = kept.get(rho)
      if (known) return known
      if (kept.size === inverses) return inSpare(`inverse ${rho}`, (out) => invert(out, at(rho)))
      const inverse = arena.allocate([n, n])
      await invert(inverse, at(rho))
      kept.set(rho, inverse)
      return inverse
    }
    const solveAt = async (rho: number, out: Tensor, x: Tensor) => {
      const { factor, solve } = host.prune
      // For few rows, solving with a factor costs less than computing the inverse.
      if (factor && solve && out.shape[0] <= n / 2 && !kept.has(rho)) {
        const make = (to: Tensor) => factored(at(rho), (diagonal) => factor(to, h, diagonal))
        host.kernels.convert(out, x)
        await solve(out, await inSpare(`factor ${rho}`, make))
      } else host.kernels.gemm(out, x, await inverseAt(rho), {})
    }
    return { ...units, solveAt, release: () => arena.close() }
  })
}

/** Trace to compare with the published code: ρ of every iteration, and after every third how many mask bits changed. */
interface AlpsTrace {
  readonly rho: readonly number[]
  readonly change: readonly number[]
}

/** Prunes a weight [O,I] in place and fills its mask. */
export async function solveAlps(host: PruneHost, shared: AlpsHessian, input: SolveInput): Promise<AlpsTrace> {
  const { weight, mask, entry, name } = input
  using arena = new Arena(host)
  const { kernels } = host
  const [a, b, d, v, x] = Array.from({ length: 5 }, () => arena.allocate(weight.shape))
  scaleColumns(host, a, weight, shared.scale)
  const { projection, kept } = projectionOf(entry, weight.shape, name)
  using masks = new RankMasks(host, name)
  const readMask = async () => {
    const [words] = await Promise.all([host.read(mask), masks.check()])
    return words as Uint32Array
  }
  /** D = top(X). */
  const projectTo = async () => {
    await masks.keepLargest(mask, x, projection)
    kernels.convert(d, x)
    kernels.applyMask(d, mask)
  }
  const restart = async () => {
    kernels.convert(x, a)
    await projectTo()
    kernels.fill(v, 0)
  }
  await restart()
  const penalty = new Penalty(kept, await readMask())
  const iterations = settingOf(entry, 'iterations')
  for (let t = 1; t <= iterations; t++) {
    await breathe()
    const rho = penalty.begin()
    kernels.squaredErrorBackward(x, d, a, rho)
    kernels.addScaled(x, v, -1)
    await shared.solveAt(rho, b, x)
    kernels.addScaled(b, a, 1)
    kernels.convert(x, b)
    kernels.addScaled(x, v, 1 / rho)
    await projectTo()
    kernels.squaredErrorBackward(v, x, d, rho)
    if (t % 3 > 0) continue
    const next = penalty.adapt(await readMask(), t)
    if (next === 'stop') break
    if (next === 'restart') await restart()
  }
  kernels.convert(x, b)
  await projectTo()
  await masks.check()
  for (const tensor of [b, v, x]) arena.release(tensor)
  await leastSquares(host, d, a, shared.h, mask, leastSquaresSteps)
  await writeBack(host, input, d, shared)
  return penalty.trace
}

/** The projection, and how many weights it keeps. Counts round half to even, as the published code's do. */
function projectionOf(
  { pattern, scope, sparsities }: PruneEntry,
  [rows, columns]: readonly number[],
  name: string,
): { projection: Projection; kept: number } {
  if (pattern) return { projection: { pattern }, kept: (rows * columns * (pattern.m - pattern.n)) / pattern.m }
  const share = 1 - (sparsities.get(name) ?? 0)
  if (scope === 'row') {
    const kept = halfToEven(share * columns)
    return { projection: { perRow: columns - kept }, kept: rows * kept }
  }
  const kept = halfToEven(share * rows * columns)
  return { projection: { drop: rows * columns - kept }, kept }
}

function halfToEven(value: number): number {
  const low = Math.floor(value)
  const rest = value - low
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low
}

/** The penalty ρ, which grows faster the more the mask still changes. */
class Penalty {
  readonly trace = { rho: [] as number[], change: [] as number[] }
  readonly #kept: number
  #rho = 0.1
  #grown = false
  #support: Uint32Array

  constructor(kept: number, support: Uint32Array) {
    this.#kept = kept
    this.#support = support
  }

  /** ρ of the next iteration. */
  begin(): number {
    this.trace.rho.push(this.#rho)
    return this.#rho
  }

  /** Sets ρ after every third iteration `t`, by how much the mask has changed. */
  adapt(support: Uint32Array, t: number): 'go on' | 'stop' | 'restart' {
    let change = 0
    const before = this.#support
    for (let i = 0; i < support.length; i++) {
      const changed = support[i] ^ before[i]
      // Most words stay the same once the mask settles.
      if (changed !== 0) change += bitCount(changed)
    }
    this.#support = support
    this.trace.change.push(change)
    const next = this.#next(change)
    this.#rho = Math.min(this.#rho, 1e6)
    return t > 30 && (change === 0 || change < 0.0003 * this.#kept) ? 'stop' : next
  }

  #next(change: number): 'go on' | 'stop' | 'restart' {
    if (change > 0.005 * this.#kept) {
      this.#rho *= change > 0.1 * this.#kept ? 1.3 : 1.2
      this.#grown = true
    } else if (this.#grown) {
      if (change === 0) return 'stop'
      this.#rho *= 1.1
    } else {
      this.#rho /= 5
      if (change > 0) return 'restart'
    }
    return 'go on'
  }
}
