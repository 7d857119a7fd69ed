// Rows of a zero-shot task's data as people read them.

export interface AskedQuestion {
  readonly row: number
  readonly question: string
  readonly answers: readonly string[]
  /** Index of the right answer; null where the row has none. */
  readonly gold: number | null
}
