// A row group, the smallest part of a .parquet file that can be unpacked.

export interface RowGroup {
  readonly rowStart: number
  readonly rowEnd: number
  /** Bytes of the columns asked for, packed or not, whichever is more. */
  readonly bytes: number
}

export type Row = Record<string, unknown>

export interface GroupRequest {
  readonly path: string
  readonly columns: readonly string[]
  readonly group: RowGroup
}
