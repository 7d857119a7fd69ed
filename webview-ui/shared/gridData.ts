// The data of a heatmap, and places in it.

export interface GridCell {
  /** 0 to 1 on the colour scale; null: not computed, drawn hatched. */
  value: number | null
  /** The number as people read it, shown in wide cells. */
  text: string
}

export interface GridData {
  rows: readonly string[]
  columns: readonly string[]
  /** Row-major; undefined where the model has no such module. */
  cells: readonly (GridCell | undefined)[]
  colour: (value: number) => string
}

export interface Place {
  readonly row: number
  readonly column: number
}

/** All cells from one corner to the other, both within. */
export interface GridRange {
  readonly from: Place
  readonly to: Place
}
