// The part of a text that a change touches, so that cursors, folds and undo stay with the rest.

export interface ChangedPart {
  /** Offsets into the text before. */
  readonly start: number
  readonly end: number
  readonly text: string
}

/** null: both are the same. */
export function changedPart(before: string, after: string): ChangedPart | null {
  if (before === after) return null
  const most = Math.min(before.length, after.length)
  let start = 0
  while (start < most && before[start] === after[start]) start++
  let same = 0
  while (same < most - start && before[before.length - 1 - same] === after[after.length - 1 - same]) same++
  return { start, end: before.length - same, text: after.slice(start, after.length - same) }
}
