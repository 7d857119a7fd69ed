// ADMM with a sparsity that grows (arXiv 2401.02938; docs/methods.md, "ADMM"): weights in units of their inputs, one inverse, and a
// projection in every iteration. It computes differences to the dense weights: f32 is then enough.
import { breathe } from '../../breathe.ts'
import { Arena, fillArenaAsync } from '../../compute/arena.ts'
import type { Tensor } from '../../compute/tensor.ts'
import { settingOf } from '../../../plan/pruneEntry.ts'
import type { PruneHost } from '../host.ts'
import { RankMasks } from '../select.ts'
import { columnScale, type ColumnScale, finiteDiagonal, invert, scaleColumns, writeBack } from './hessian.ts'
import type { HessianInput, SolveInput, SolveMethod } from './method.ts'

/** The penalty ρ of the constraint, for a Hessian with unit diagonal. */
const rho = 1

export const admm: SolveMethod = {
  kind: 'solve',
  async prepare(input) {
    const shared = await prepareAdmm(input)
    return {
      // Dead inputs need no special case: their A is nearly 0, so they are pruned first. Those that N:M keeps do not change.
      dead: [],
      async solve(solveInput) {
        const iterations = settingOf(solveInput.entry, 'iterations')
        await solveAdmm(input.host, shared, solveInput, Math.max(1, Math.floor(0.75 * iterations)))
      },
      release: shared.release,
    }
  },
}

/** State that linears with the same input share. */
interface AdmmHessian extends ColumnScale {
  /** (H + ρI)⁻¹ of the damped Hessian. */
  readonly inverseHessian: Tensor
  release(): void
}

/** @throws EngineError 'numeric' */
export async function prepareAdmm({ host, hessian, entry, name, warn }: HessianInput): Promise<AdmmHessian> {
  const diagonal = Float64Array.from(await finiteDiagonal(host, hessian, name))
  const n = diagonal.length
  return fillArenaAsync(host, async (arena) => {
    const units = columnScale(arena, host, diagonal)
    const unit = diagonal.map((d, j) => d / units.values[j] ** 2)
    const damping = (settingOf(entry, 'dampening') * unit.reduce((a, b) => a + b, 0)) / n
    const inverseHessian = arena.allocate([n, n])
    const h = arena.allocate([n, n])
    host.kernels.scaleWeight(h, hessian, units.inverse, units.inverse, 1)
    const damped = unit.map((d) => d + damping + rho)
    await invert(inverseHessian, { host, h, diagonal: damped, name, warn })
    arena.release(h)
    return { ...units, inverseHessian, release: () => arena.close() }
  })
}

/** Prunes a weight [O,I] in place and fills its mask. The sparsity grows over the first `growing` iterations, 1 or more. */
export async function solveAdmm(
  host: PruneHost,
  shared: AdmmHessian,
  input: SolveInput,
  growing: number,
): Promise<void> {
  const { weight, mask, entry, name } = input
  using arena = new Arena(host)
  const { kernels } = host
  const [dense, a, u, z, y] = Array.from({ length: 5 }, () => arena.allocate(weight.shape))
  scaleColumns(host, dense, weight, shared.scale)
  kernels.convert(a, dense)
  kernels.fill(u, 0)
  const iterations = settingOf(entry, 'iterations')
  using masks = new RankMasks(host, name)
  for (let t = 0; t < iterations; t++) {
    await breathe()
    kernels.add(y, a, u)
    if (t < growing) await chooseMask(host, input, masks, y, z, (t + 1) / growing)
    kernels.convert(z, y)
    kernels.applyMask(z, mask)
    kernels.squaredErrorBackward(u, y, z, 1)
    kernels.addScaled(z, u, -1)
    kernels.addScaled(z, dense, -1)
    kernels.gemm(a, z, shared.inverseHessian, {})
    kernels.addScaled(a, dense, 1)
  }
  kernels.add(y, a, u)
  await masks.check()
  await writeBack(host, input, y, shared)
}

/** The mask of y after a share `grown` of the growing iterations; z is scratch. Counts round down, as the published code's do. */
async function chooseMask(
  host: PruneHost,
  { mask, name, entry: { pattern, scope, sparsities } }: SolveInput,
  masks: RankMasks,
  y: Tensor,
  z: Tensor,
  grown: number,
): Promise<void> {
  const goal = pattern ? pattern.n / pattern.m : (sparsities.get(name) ?? 0)
  const sparsity = goal - goal * (1 - grown) ** 3
  const [rows, columns] = y.shape
  const drop = Math.floor(rows * columns * sparsity)
  if (!pattern && scope === 'row') return masks.keepLargest(mask, y, { perRow: Math.floor(columns * sparsity) })
  if (!pattern) return masks.keepLargest(mask, y, { drop })
  await masks.keepLargest(mask, y, { pattern })
  if (grown >= 1) return
  // The M − N largest of every group are always kept: as zeros they are dropped first, and then their bits are set again.
  const guarded = (await host.read(mask)) as Uint32Array
  clearKept(host, z, y, mask)
  await masks.keepLargest(mask, z, { drop: drop + (rows * columns * (pattern.m - pattern.n)) / pattern.m })
  const chosen = (await host.read(mask)) as Uint32Array
  host.write(
    mask,
    chosen.map((word, i) => word | guarded[i]),
  )
}

/** out = −y with 0 where the mask keeps. */
function clearKept({ kernels }: PruneHost, out: Tensor, y: Tensor, mask: Tensor): void {
  kernels.convert(out, y)
  kernels.applyMask(out, mask)
  kernels.addScaled(out, y, -1)
}
