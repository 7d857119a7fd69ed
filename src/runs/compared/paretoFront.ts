// The runs that no other beats in both of two things.

export interface Measured {
  readonly x: number | null
  readonly y: number | null
}

/** Which of two values of an axis is the better one. */
export type Better = 'low' | 'high'

/** Places of the points on the front, from the lowest x. A point that lacks a value is on none; of equal points all are. */
export function paretoFront(points: readonly Measured[], better: { readonly x: Better; readonly y: Better }): number[] {
  const cost = (value: number, which: Better) => (which === 'low' ? value : -value)
  const known = points.flatMap(({ x, y }, at) =>
    x === null || y === null ? [] : [{ at, x, y, a: cost(x, better.x), b: cost(y, better.y) }],
  )
  // In order of x, best first, a point is beaten by an earlier one that is no worse in y, unless the two are the same.
  const sorted = known.sort((one, other) => one.a - other.a || one.b - other.b)
  const front: typeof known = []
  for (const point of sorted) {
    const last = front.at(-1)
    if (!last || point.b < last.b || (point.a === last.a && point.b === last.b)) front.push(point)
  }
  return front.sort((one, other) => one.x - other.x || one.at - other.at).map(({ at }) => at)
}
