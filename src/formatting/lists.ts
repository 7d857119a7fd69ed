// Helpers for lists: as text, in groups, the largest value, work on items in parallel.

/** Items side by side; of a long list the first `most` and how many more there are. */
export function someOf(items: readonly string[], most = 12, separator = ', '): string {
  if (items.length <= most) return items.join(separator)
  return [...items.slice(0, most), `and ${items.length - most} more`].join(separator)
}

/** The largest value of a list of any length, at least `least`. `Math.max(...list)` overflows the stack at about 120,000. */
export function largest<T>(items: Iterable<T>, least: number, valueOf: (item: T) => number): number {
  let most = least
  for (const item of items) most = Math.max(most, valueOf(item))
  return most
}

export function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}

/** `a, b and c`. */
export function andList(items: readonly string[], word = 'and'): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`
}

/** Items with the same key together, in the order of their first. */
export function groupsBy<T>(items: readonly T[], keyOf: (item: T) => unknown): T[][] {
  return [...groupedBy(items, keyOf).values()]
}

/** The same by key. */
export function groupedBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const own = groups.get(key)
    if (own) own.push(item)
    else groups.set(key, [item])
  }
  return groups
}

/** Works on all items, `atOnce` at a time. */
export async function forEachConcurrent<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const rest = items.entries()
  const one = async () => {
    for (const [index, item] of rest) await work(item, index)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, one))
}
