// The small dense parts of factoring an inverse Hessian; the large ones are matrix products (../prune/factor.ts).
import { addScaled } from './elementwise'

/** Rows [start, end) of out[n,n]: the upper triangle of h with `diagonal` in place of its own, zeros below. */
export function copyUpper(start: i32, end: i32, out: usize, h: usize, diagonal: usize, n: i32): void {
  for (let i = start; i < end; i++) {
    const row = (<usize>i * <usize>n) << 2
    const own = row + (<usize>i << 2)
    memory.fill(out + row, 0, <usize>i << 2)
    memory.copy(out + own, h + own, <usize>(n - i) << 2)
    store<f32>(out + own, load<f32>(diagonal + (<usize>i << 2)))
  }
}

/**
 * s[n,n] = R·Rᵀ with R upper: the upper triangle of s becomes R⁻¹, the lower one 0. Returns 0 when s is not positive
 * definite. `scratch` holds n rows of n.
 */
export function inverseFactorBlock(n: i32, s: usize, lds: i32, scratch: usize): i32 {
  const step: usize = <usize>lds << 2
  // From the last column on: r_ic = s_ic / r_cc, and rows above subtract r_ic · r_jc. Column c is copied to row c of scratch.
  for (let c = n - 1; c >= 0; c--) {
    const at = s + (<usize>c << 2)
    const pivot = load<f32>(at + <usize>c * step)
    if (!(pivot > 0 && pivot < f32.MAX_VALUE)) return 0
    const column = scratch + ((<usize>c * <usize>n) << 2)
    const root = sqrt<f32>(pivot)
    for (let i = 0; i < c; i++) store<f32>(column + (<usize>i << 2), load<f32>(at + <usize>i * step) / root)
    store<f32>(column + (<usize>c << 2), root)
    for (let i = 0; i < c; i++) {
      const own = <usize>i << 2
      addScaled(0, c - i, s + <usize>i * step + own, column + own, -load<f32>(column + own))
    }
  }
  // Row i of the inverse: (e_i − Σ_{l>i} r_il · row l) / r_ii, from the last row on.
  for (let i = n - 1; i >= 0; i--) {
    const row = s + <usize>i * step
    memory.fill(row, 0, <usize>n << 2)
    for (let l = i + 1; l < n; l++) {
      const offset = <usize>l << 2
      const factor = -load<f32>(scratch + ((<usize>l * <usize>n + <usize>i) << 2))
      addScaled(0, n - l, row + offset, s + <usize>l * step + offset, factor)
    }
    const inverse = <f32>1 / load<f32>(scratch + ((<usize>i * <usize>n + <usize>i) << 2))
    for (let j = i + 1; j < n; j++) store<f32>(row + (<usize>j << 2), load<f32>(row + (<usize>j << 2)) * inverse)
    store<f32>(row + (<usize>i << 2), inverse)
  }
  return 1
}
