// Smoothing that does not lie: an exponential mean without the start-up bias, so that a constant stays that constant.

export interface Point {
  x: number
  /** null where the loss was not a number. */
  y: number | null
  /** Standard error of y, in its unit; null: not known. */
  error?: number | null
  /** Range of several runs, `y` being their median. */
  low?: number
  high?: number
}

/**
 * s_t = w·s_{t−1} + (1−w)·y_t, divided by 1 − w^t. A null is kept as a null and leaves the mean as it was: a gap
 * stays visible. `weight` 0 returns the points as they are.
 */
export function smooth(points: readonly Point[], weight: number): Point[] {
  let mean = 0
  let seen = 0
  return points.map(({ x, y }) => {
    if (y === null || weight === 0) return { x, y }
    mean = weight * mean + (1 - weight) * y
    seen++
    return { x, y: mean / (1 - weight ** seen) }
  })
}
