// Sparsities that cost every block the same error, from errors that an analysis has measured (docs/methods.md, "By equal error").
import type { MeasuredModule } from './analysis.ts'

/** Errors of a block at the sparsities that were measured, in their order. */
export interface ErrorCurve {
  /** Number of weights of the block. */
  readonly size: number
  readonly points: readonly { readonly sparsity: number; readonly error: number }[]
}

/** Largest distance of a block from the mean: a curve says little beyond the points it was measured at. */
const mostSpread = 0.15
/** Least and largest sparsity of a recipe. */
const [leastSparsity, mostSparsity] = [0.01, 0.99]

/** Curves of the blocks in their order, of each module by its own method; null where some block has fewer than two unstructured errors. */
export function errorCurves(
  modules: readonly MeasuredModule[],
  sizeOf: (name: string) => number,
  methodOf: (name: string) => string,
): ErrorCurve[] | null {
  const blocks = new Map<number, { size: number; sums: Map<number, { error: number; size: number }> }>()
  for (const { name, block, errors } of modules) {
    const own = blocks.get(block) ?? { size: 0, sums: new Map() }
    blocks.set(block, own)
    const size = sizeOf(name)
    own.size += size
    for (const one of errors) {
      if (one.method !== methodOf(name) || one.pattern !== 'unstructured' || one.error === null) continue
      const sum = own.sums.get(one.sparsity) ?? { error: 0, size: 0 }
      own.sums.set(one.sparsity, { error: sum.error + one.error * size, size: sum.size + size })
    }
  }
  const curves = [...blocks]
    .sort(([a], [b]) => a - b)
    .map(([, { size, sums }]) => ({
      size,
      points: [...sums].sort(([a], [b]) => a - b).map(([sparsity, sum]) => ({ sparsity, error: sum.error / sum.size })),
    }))
  return curves.length > 0 && curves.every(({ points }) => points.length > 1) ? curves : null
}

/**
 * A sparsity for each block, their mean over the weights `sparsity`, so that all lose the same error as far as no block
 * strays more than 0.15 from that mean.
 */
export function allocateByError(curves: readonly ErrorCurve[], sparsity: number): number[] {
  const [low, high] = [
    Math.max(Math.min(leastSparsity, sparsity), sparsity - mostSpread),
    Math.min(mostSparsity, sparsity + mostSpread),
  ]
  const total = curves.reduce((sum, { size }) => sum + size, 0)
  const at = (level: number) => curves.map((curve) => Math.min(high, Math.max(low, sparsityAt(curve, level))))
  const meanOf = (values: readonly number[]) => values.reduce((sum, s, i) => sum + s * curves[i].size, 0) / total
  // Sparsities grow with the level, so bisection finds the one with the mean that is asked for.
  let [below, above] = [Math.log(1e-12), Math.log(1e6)]
  for (let i = 0; i < 100; i++) {
    const middle = (below + above) / 2
    if (meanOf(at(middle)) < sparsity) below = middle
    else above = middle
  }
  return at(above)
}

/** The sparsity at which a block loses exp(level): log error is linear between measured points, and beyond the outer ones. */
function sparsityAt({ points }: ErrorCurve, level: number): number {
  const logs = points.map(({ sparsity, error }) => ({ x: Math.log(Math.max(error, 1e-30)), sparsity }))
  const next = logs.findIndex(({ x }) => x >= level)
  const right = next < 0 ? logs.length - 1 : Math.max(1, next)
  const [a, b] = [logs[right - 1], logs[right]]
  if (b.x - a.x < 1e-12) return level < a.x ? a.sparsity : b.sparsity
  return a.sparsity + ((level - a.x) / (b.x - a.x)) * (b.sparsity - a.sparsity)
}
