// What is unpacked at a time of a .parquet file.

export interface RowGroup {
  readonly rowStart: number
  readonly rowEnd: number
  /** Of the columns asked for, packed or not, whichever is more. */
  readonly bytes: number
}

export type Row = Record<string, unknown>

export interface GroupRequest {
  readonly path: string
  readonly columns: readonly string[]
  readonly group: RowGroup
}
