// Sparsity patterns as recipes write them.

export type SparsityPattern =
  | { readonly kind: 'unstructured' }
  /** `pruned` zeros in each group of `size` consecutive inputs of a row. */
  | { readonly kind: 'group'; readonly pruned: number; readonly size: number }

/** `unstructured` or `N:M` with 0 < N < M; null when it is neither. */
export function parsePattern(text: string): SparsityPattern | null {
  if (text === 'unstructured') return { kind: 'unstructured' }
  const match = /^([1-9]\d{0,3}):([1-9]\d{0,3})$/.exec(text)
  if (!match) return null
  const pruned = Number(match[1])
  const size = Number(match[2])
  return pruned < size ? { kind: 'group', pruned, size } : null
}

export function isPattern(text: string): boolean {
  return parsePattern(text) !== null
}
