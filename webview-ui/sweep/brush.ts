// A rectangle on the picture of the runs that filters the table. It is in the axes' units, so that it stays where other runs come.
export interface Brush {
  /** The measures of the axes that it was drawn on: on others it means nothing. */
  readonly axes: readonly [x: string, y: string]
  readonly x: readonly [low: number, high: number]
  readonly y: readonly [low: number, high: number]
}

interface At {
  readonly x: number
  readonly y: number
}

export function brushOf(axes: Brush['axes'], a: At, b: At): Brush {
  const ends = (one: number, other: number) => [Math.min(one, other), Math.max(one, other)] as const
  return { axes, x: ends(a.x, b.x), y: ends(a.y, b.y) }
}

/** The smallest rectangle around both and what lies between them. */
export function including(brush: Brush, { x, y }: At): Brush {
  const around = ([low, high]: Brush['x'], at: number) => [Math.min(low, at), Math.max(high, at)] as const
  return { ...brush, x: around(brush.x, x), y: around(brush.y, y) }
}

export function isInside({ x, y }: Brush, at: At): boolean {
  return at.x >= x[0] && at.x <= x[1] && at.y >= y[0] && at.y <= y[1]
}

export function isOn({ axes }: Brush, x: string, y: string): boolean {
  return axes[0] === x && axes[1] === y
}
