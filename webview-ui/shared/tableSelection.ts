// Several rows of a table at once, as lists of files have it: a press selects one, with Ctrl it adds or takes away, with
// Shift it selects all from the last press on.

export interface Press {
  toggle: boolean
  extend: boolean
}

export interface Selection {
  readonly keys: ReadonlySet<string>
  /** The row at which a range begins. */
  readonly anchor: string | null
}

export const noSelection: Selection = { keys: new Set(), anchor: null }

/** `shown`: keys in the order of the rows; the one at `index` was pressed. */
export function pressed(
  { keys, anchor }: Selection,
  shown: readonly string[],
  index: number,
  { toggle, extend }: Press,
): Selection {
  const key = shown[index]
  const from = anchor === null ? -1 : shown.indexOf(anchor)
  if (extend && from >= 0) {
    const range = shown.slice(Math.min(from, index), Math.max(from, index) + 1)
    return { keys: new Set(toggle ? [...keys, ...range] : range), anchor }
  }
  if (!toggle) return { keys: new Set([key]), anchor: key }
  const next = new Set(keys)
  if (!next.delete(key)) next.add(key)
  return { keys: next, anchor: key }
}

export function everything(shown: readonly string[]): Selection {
  return { keys: new Set(shown), anchor: shown[0] ?? null }
}
