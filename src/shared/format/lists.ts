/** Items side by side; of a long list the first `most` and how many more there are. */
export function someOf(items: readonly string[], most = 12, separator = ', '): string {
  if (items.length <= most) return items.join(separator)
  return [...items.slice(0, most), `and ${items.length - most} more`].join(separator)
}
