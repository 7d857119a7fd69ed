// Refitting what pruning kept (docs/methods.md, "Refit"): on a fixed mask, the least squares of a linear's outputs
// against those of its dense weights, row by row. A linear at a time, on the inputs that the pruned blocks before it make.
import { type Backend, readF32, readWide } from '../compute/backend.ts'
import { Arena } from '../compute/arena.ts'
import { maskWords } from '../../catalog/formats/maskFile.ts'
import type { Tensor } from '../compute/tensor.ts'
import { breathe } from '../breathe.ts'
import type { Linear } from '../model/module.ts'
import { type PruneHost, visitHost } from './host.ts'
import type { Mask } from './mask.ts'
import { scaleColumns, unitHessian, type UnitHessian, writeBack } from './methods/hessian.ts'
import { leastSquares } from './methods/leastSquares.ts'
import type { Statistics } from './statistics.ts'

export interface RefitOptions {
  readonly backend: Backend
  readonly host: PruneHost
  /** The block's linears in model order; those without a mask stay as they are. */
  readonly linears: readonly Linear[]
  /** Masks that this run has chosen. Under an older mask there are no dense weights to fit to. */
  readonly masks: ReadonlyMap<string, Mask>
  /** Hessians of the inputs of all `linears` that have a mask. */
  readonly statistics: Statistics
  /** The weight [O, I] before it was pruned, by module name. */
  readonly denseOf: (name: string) => Promise<Float32Array>
  /** Steps of conjugate gradients. */
  readonly steps: number
  /** Share of the mean diagonal that is added to the Hessian. */
  readonly dampening: number
  /** Called for each linear that is refitted, with its weight [O, I] before and after. */
  readonly onRefit?: (linear: Linear, before: Float32Array, after: Float32Array) => void
  readonly signal?: AbortSignal
}

/** Mean squared errors of the outputs of the block's refitted linears. */
interface RefitErrors {
  readonly errorBefore: number
  readonly errorAfter: number
}

/** Refits kept weights in place; null when no linear saw an input. @throws EngineError 'numeric' for values that are not finite. */
export async function refitBlock(options: RefitOptions): Promise<RefitErrors | null> {
  const { backend, host, statistics, masks, signal } = options
  const byInput = new Map<string, Linear[]>()
  for (const linear of options.linears)
    if (masks.has(linear.name)) byInput.set(linear.inputKey, [...(byInput.get(linear.inputKey) ?? []), linear])
  let [before, after, outputs] = [0, 0, 0]
  for (const [inputKey, linears] of byInput) {
    // An expert that the router never chose has nothing to fit to.
    const hessian = statistics.hessian(inputKey)
    if (!hessian || statistics.tokensOf(inputKey) === 0) continue
    const visit = await visitHost(backend, host, hessian)
    using arena = new Arena(host)
    try {
      const shared = await unitHessian(arena, host, visit.tensor, options.dampening, linears[0].name)
      for (const linear of linears) {
        await breathe(signal)
        const errors = await refitLinear(options, linear, visit.tensor, shared)
        before += errors.before
        after += errors.after
        outputs += statistics.tokensOf(inputKey) * linear.weight.shape[0]
      }
    } finally {
      visit.release()
    }
  }
  // The Hessian is 2/S·XᵀX.
  const scale = statistics.windows / 2 / outputs
  return outputs > 0 ? { errorBefore: before * scale, errorAfter: after * scale } : null
}

async function refitLinear(
  { backend, host, masks, denseOf, steps, onRefit }: RefitOptions,
  linear: Linear,
  hessian: Tensor,
  shared: UnitHessian,
): Promise<{ before: number; after: number }> {
  const { name, weight } = linear
  const mask = masks.get(name)
  if (!mask) return { before: 0, after: 0 }
  using arena = new Arena(host)
  const [rows, columns] = weight.shape
  const visit = await visitHost(backend, host, weight)
  try {
    const bits = arena.allocate([rows, maskWords(columns)], 'u32')
    host.write(bits, mask.words)
    const [dense, target, fitted] = Array.from({ length: 3 }, () => arena.allocate(weight.shape))
    host.write(dense, await denseOf(name))
    scaleColumns(host, target, dense, shared.scale)
    scaleColumns(host, fitted, visit.tensor, shared.scale)
    const old = onRefit && (await readWide(host, visit.tensor))
    const before = await outputError(host, visit.tensor, dense, hessian)
    await leastSquares(host, fitted, target, shared.h, bits, steps)
    await writeBack(host, { weight: visit.tensor, mask: bits, name }, fitted, shared)
    const after = await outputError(host, visit.tensor, dense, hessian)
    if (old) onRefit(linear, old, await readWide(host, visit.tensor))
    await visit.writeBack()
    return { before, after }
  } finally {
    visit.release()
  }
}

/** Squared error of a linear's outputs: Σ over the rows of e·H·eᵀ, e = weight − dense [O, I]. With H = 2/S·XᵀX, this is 2/S·‖X·eᵀ‖². */
export async function outputError(backend: Backend, weight: Tensor, dense: Tensor, hessian: Tensor): Promise<number> {
  using arena = new Arena(backend)
  const e = arena.allocate(weight.shape)
  backend.kernels.squaredErrorBackward(e, weight, dense, 1)
  return outputEnergy(backend, e, hessian)
}

/** The sum of squares of a linear's outputs: Σ over the rows of w·H·wᵀ. */
export async function outputEnergy(backend: Backend, weight: Tensor, hessian: Tensor): Promise<number> {
  using arena = new Arena(backend)
  const product = arena.allocate(weight.shape)
  const rows = arena.allocate([weight.shape[0]])
  backend.kernels.gemm(product, weight, hessian, {})
  backend.kernels.rowDot(rows, weight, product)
  return (await readF32(backend, rows)).reduce((a, b) => a + b, 0)
}
