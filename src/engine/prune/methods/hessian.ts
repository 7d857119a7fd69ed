// Hessians [I,I] on the host, for methods that solve.
import { Arena } from '../../compute/arena.ts'
import { type Backend, readF32, upload } from '../../compute/backend.ts'
import type { Tensor } from '../../compute/tensor.ts'
import { EngineError } from '../../errors.ts'
import type { PruneHost } from '../host.ts'
import { requireFiniteInputs } from '../statistics.ts'

export async function readDiagonal(host: Backend, matrix: Tensor): Promise<Float32Array> {
  const n = matrix.shape[0]
  using arena = new Arena(host)
  const line = arena.allocate([n])
  host.kernels.copy(line, matrix, { ...diagonalStep(n), outRow: 1, inRow: n + 1 })
  return (await host.read(line)) as Float32Array
}

function writeDiagonal(host: Backend, matrix: Tensor, values: Float64Array): void {
  const n = matrix.shape[0]
  const line = upload(host, 'f32', [n], Float32Array.from(values))
  host.kernels.copy(matrix, line, { ...diagonalStep(n), outRow: n + 1, inRow: 1 })
  host.release(line)
}

const diagonalStep = (n: number) => ({
  rows: n,
  groups: 1,
  width: 1,
  outGroup: 0,
  outOffset: 0,
  inGroup: 0,
  inOffset: 0,
})

/** @throws EngineError 'numeric' when inputs were not finite: then their squares are not either. */
export async function finiteDiagonal(host: Backend, hessian: Tensor, name: string): Promise<Float32Array> {
  const diagonal = await readDiagonal(host, hessian)
  const sum = diagonal.reduce((a, b) => a + b, 0)
  requireFiniteInputs(name, sum)
  return diagonal
}

/** n of H = G / (n·nᵀ) and its inverse, as f32 vectors on the host. */
export interface ColumnScale {
  /** n: multiplies the columns of a weight before it is solved for. */
  readonly scale: Tensor
  /** 1/n: multiplies the columns of the solution, and rows and columns of the Hessian. */
  readonly inverse: Tensor
  readonly values: Float64Array
}

/** n_j = √diagonal_j + 1e-8 (docs/methods.md, "Unit Hessian"): the unit in which every input has the same weight. */
export function columnScale(arena: Arena, host: PruneHost, diagonal: Float64Array): ColumnScale {
  const values = diagonal.map((d) => Math.sqrt(d) + 1e-8)
  const [scale, inverse] = [values, values.map((n) => 1 / n)].map((vector) => {
    const tensor = arena.allocate([vector.length])
    host.write(tensor, Float32Array.from(vector))
    return tensor
  })
  return { scale, inverse, values }
}

/** H with unit diagonal: what methods that solve for A = W·diag(n) work with (docs/methods.md, "Unit Hessian"). */
export interface UnitHessian extends ColumnScale {
  /** (G + damping) / (n·nᵀ). */
  readonly h: Tensor
  /** Diagonal of `h` in f64: 1, or nearly 0 for dead inputs without damping. */
  readonly unit: Float64Array
}

/** `dampening` times the mean diagonal is added first; `hessian` itself does not change. @throws EngineError 'numeric' */
export async function unitHessian(
  arena: Arena,
  host: PruneHost,
  hessian: Tensor,
  dampening: number,
  name: string,
): Promise<UnitHessian> {
  const measured = await finiteDiagonal(host, hessian, name)
  const n = measured.length
  const damping = (dampening * measured.reduce((a, b) => a + b, 0)) / n
  const diagonal = Float64Array.from(measured, (d) => d + damping)
  const units = columnScale(arena, host, diagonal)
  const h = arena.allocate([n, n])
  host.kernels.scaleWeight(h, hessian, units.inverse, units.inverse, 1)
  const unit = diagonal.map((d, j) => d / units.values[j] ** 2)
  writeDiagonal(host, h, unit)
  return { ...units, h, unit }
}

/** Added to the unit diagonal one after the other until the matrix is positive definite in f32. */
const shifts = [0, 1e-3, 1e-2, 1e-1, 1]

/** A unit Hessian H to solve with: `h`, with `diagonal` in place of its own. */
interface Solvable {
  readonly host: PruneHost
  readonly h: Tensor
  readonly diagonal: Float64Array
  readonly name: string
  warn(message: string): void
}

/** out = H⁻¹. Where f32 cannot factor H, its diagonal grows, with a warning. @throws EngineError 'numeric' */
export async function invert(out: Tensor, solvable: Solvable): Promise<void> {
  const { host, h } = solvable
  using arena = new Arena(host)
  const upper = arena.allocate(h.shape)
  await factored(solvable, (diagonal) => host.prune.inverseFactor(upper, h, diagonal))
  host.kernels.fill(out, 0)
  host.kernels.gram(out, upper, 1, true)
}

/** Calls `factor` with the diagonal as it is, then with larger ones until it succeeds. @throws EngineError 'numeric' */
export async function factored(
  { host, diagonal, name, warn }: Solvable,
  factor: (diagonal: Tensor) => Promise<boolean>,
): Promise<void> {
  using arena = new Arena(host)
  const line = arena.allocate([diagonal.length])
  for (const shift of shifts) {
    host.write(line, new Float32Array(diagonal.map((d) => d + shift)))
    if (!(await factor(line))) continue
    if (shift > 0) warn(`${name}: its Hessian is not positive definite; ${shift} was added to its unit diagonal`)
    return
  }
  throw new EngineError(
    'numeric',
    `${name}: its Hessian is not positive definite; use more calibration samples, or set a larger dampening`,
  )
}

/** Column scales [2, I] of scores: the values rounded to f32, then what the rounding leaves of the f64 values. */
export function uploadScale(host: PruneHost, values: Float64Array): Tensor {
  const parts = new Float32Array(2 * values.length)
  parts.set(values)
  values.forEach((value, i) => (parts[values.length + i] = value - parts[i]))
  return upload(host, 'f32', [2, values.length], parts)
}

/** out[O,I] = x·diag(scale). */
export function scaleColumns(host: PruneHost, out: Tensor, x: Tensor, scale: Tensor): void {
  using arena = new Arena(host)
  const ones = arena.allocate([x.shape[0]])
  host.kernels.fill(ones, 1)
  host.kernels.scaleWeight(out, x, ones, scale, 1)
}

/** The last step of solving for A = W·diag(n): weight = A·diag(1/n), 0 outside the mask. @throws EngineError 'numeric' if not finite */
export async function writeBack(
  host: PruneHost,
  { weight, mask, name }: { readonly weight: Tensor; readonly mask: Tensor; readonly name: string },
  solved: Tensor,
  { inverse }: ColumnScale,
): Promise<void> {
  using arena = new Arena(host)
  const squares = arena.allocate([weight.shape[0]])
  scaleColumns(host, weight, solved, inverse)
  host.kernels.applyMask(weight, mask)
  host.kernels.rowDot(squares, weight, weight)
  if ((await readF32(host, squares)).every(Number.isFinite)) return
  throw new EngineError(
    'numeric',
    `${name}: solving for its weights diverged to values that are not finite; set a larger dampening or use more calibration samples`,
  )
}
