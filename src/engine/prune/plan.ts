// What to prune and how: the recipe's `prune` entries after matching, one sparsity for each linear.
import { someOf } from '../../shared/format/lists.ts'
import { EngineError } from '../errors.ts'

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

/** The entry of each linear. A linear in two of them is refused: nothing would say which one prunes it. */
export function entryIndex(entries: readonly PruneEntry[]): ReadonlyMap<string, PruneEntry> {
  const index = new Map<string, PruneEntry>()
  for (const entry of entries)
    for (const name of entry.sparsities.keys()) {
      if (index.has(name))
        throw new EngineError(
          'bad-recipe',
          `${name} is matched by two entries of \`prune\`; \`ignore\` it in one of them`,
        )
      index.set(name, entry)
    }
  return index
}

/** Refuses what no weight of these shapes can satisfy, before anything runs. `shapes` are [O, I] by linear. */
export function checkPlan(
  entries: readonly PruneEntry[],
  shapes: ReadonlyMap<string, readonly [number, number]>,
): void {
  entryIndex(entries)
  for (const entry of entries) {
    const names = [...entry.sparsities.keys()]
    const unknown = names.filter((name) => !shapes.has(name))
    if (unknown.length) throw new EngineError('bad-recipe', `not linears of the model's blocks: ${unknown.join(', ')}`)
    if (entry.pattern) checkPattern(entry, entry.pattern, names, shapes)
    else
      for (const [name, sparsity] of entry.sparsities)
        if (!(sparsity > 0 && sparsity < 1))
          throw new EngineError('bad-recipe', `${name}: sparsity ${sparsity} is not between 0 and 1 (both excluded)`)
    if (entry.method === 'sparsegpt' && !(Number.isInteger(entry.blockSize) && entry.blockSize > 0))
      throw new EngineError('bad-recipe', `block_size ${entry.blockSize} is not a positive number of columns`)
  }
}

function checkPattern(
  { method, blockSize }: PruneEntry,
  { zeros, of }: GroupPattern,
  names: readonly string[],
  shapes: ReadonlyMap<string, readonly [number, number]>,
): void {
  const name = `${zeros}:${of}`
  if (!Number.isInteger(zeros) || !Number.isInteger(of) || zeros <= 0 || zeros >= of)
    throw new EngineError('bad-recipe', `pattern ${name}: it means N zeros in each M inputs, so 0 < N < M`)
  const indivisible = names.filter((linear) => (shapes.get(linear)?.[1] ?? 0) % of !== 0)
  if (indivisible.length)
    throw new EngineError(
      'bad-recipe',
      `pattern ${name} needs a number of inputs divisible by ${of}; put these into \`ignore\` or choose another pattern: ${someOf(indivisible.map((linear) => `${linear} (${shapes.get(linear)?.[1]} inputs)`))}`,
    )
  if (method === 'sparsegpt' && blockSize % of !== 0)
    throw new EngineError('bad-recipe', `block_size ${blockSize} is not a multiple of the ${of} in pattern ${name}`)
}
