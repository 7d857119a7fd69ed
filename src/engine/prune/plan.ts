// What to prune and how: the recipe's `prune` entries after matching, one sparsity for each linear.

export type PruneMethod = 'magnitude' | 'random' | 'wanda' | 'sparsegpt'

/** The group in which weights compete (methods.md 2.3). */
export type Scope = 'tensor' | 'row' | 'global'

/** exact: round(s·n) of a group, lower index first. perp: every score ≤ sorted[int(n·s)] (the authors' code). */
export type Selection = 'exact' | 'perp'

/** `zeros` pruned in every `of` consecutive inputs of a row. */
export interface GroupPattern {
  readonly zeros: number
  readonly of: number
}

export interface PruneEntry {
  readonly method: PruneMethod
  /** Linear (module name, without `.weight`) → share of its weights to prune, 0 < s < 1. Ignored with a `pattern`. */
  readonly sparsities: ReadonlyMap<string, number>
  /** null = unstructured. */
  readonly pattern: GroupPattern | null
  /** Unstructured only; SparseGPT's group is its column block whatever this says. */
  readonly scope: Scope
  readonly selection: Selection
  /** SparseGPT: columns between two lazy updates; with a pattern, a multiple of `of`. */
  readonly blockSize: number
  /** SparseGPT: this share of the Hessian's mean diagonal is added to the diagonal. */
  readonly dampening: number
}

/** Calibration inputs are needed. */
export function needsData(entries: readonly PruneEntry[]): boolean {
  return entries.some((entry) => entry.method === 'wanda' || entry.method === 'sparsegpt')
}
