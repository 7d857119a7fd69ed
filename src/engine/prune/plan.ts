// What to prune and how: the recipe's `prune` entries after matching, one sparsity for each linear.
import { someOf } from '../../shared/format/lists.ts'
import { formatNm, type NmPattern } from '../../shared/format/nm.ts'
import type { MethodKey, MethodSettings } from '../../shared/methods/keys.ts'
import type { Scope, Selection } from '../../shared/methods/method.ts'
import { methodOf, needsData, type MethodName } from '../../shared/methods/methods.ts'
import { EngineError } from '../errors.ts'

export interface PruneEntry {
  readonly method: MethodName
  /** Linear (module name, without `.weight`) → share of its weights to prune, 0 < s < 1. Ignored with a `pattern`. */
  readonly sparsities: ReadonlyMap<string, number>
  /** null = unstructured. */
  readonly pattern: NmPattern | null
  /** Unstructured only; a method with a group of its own keeps to that whatever this says. */
  readonly scope: Scope
  readonly selection: Selection
  /** Of the keys that the method takes. */
  readonly settings: MethodSettings
}

/** Calibration inputs are needed. */
export function lookAtData(entries: readonly PruneEntry[]): boolean {
  return entries.some(({ method }) => needsData(method))
}

/** A key that the entry's method takes. */
export function settingOf({ method, settings }: Pick<PruneEntry, 'method' | 'settings'>, key: MethodKey): number {
  const value = settings[key] ?? methodOf(method).keys[key]
  if (value === undefined) throw new EngineError('internal', `${method} takes no ${key}`)
  return value
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
    if (entry.pattern) checkPattern(entry.pattern, names, shapes)
    else
      for (const [name, sparsity] of entry.sparsities)
        if (!(sparsity > 0 && sparsity < 1))
          throw new EngineError('bad-recipe', `${name}: sparsity ${sparsity} is not between 0 and 1 (both excluded)`)
    if (methodOf(entry.method).columnBlocks) checkColumnBlocks(entry)
  }
}

function checkColumnBlocks(entry: PruneEntry): void {
  const size = settingOf(entry, 'block_size')
  if (!Number.isInteger(size) || size <= 0)
    throw new EngineError('bad-recipe', `block_size ${size} is not a positive number of columns`)
  const { pattern } = entry
  if (pattern && size % pattern.m !== 0)
    throw new EngineError(
      'bad-recipe',
      `block_size ${size} is not a multiple of the ${pattern.m} in pattern ${formatNm(pattern)}`,
    )
}

function checkPattern(
  pattern: NmPattern,
  names: readonly string[],
  shapes: ReadonlyMap<string, readonly [number, number]>,
): void {
  const { n, m } = pattern
  const name = formatNm(pattern)
  if (!Number.isInteger(n) || !Number.isInteger(m) || n <= 0 || n >= m)
    throw new EngineError('bad-recipe', `pattern ${name}: it means N zeros in each M inputs, so 0 < N < M`)
  const indivisible = names.filter((linear) => (shapes.get(linear)?.[1] ?? 0) % m !== 0)
  if (indivisible.length)
    throw new EngineError(
      'bad-recipe',
      `pattern ${name} needs a number of inputs divisible by ${m}; put these into \`ignore\` or choose another pattern: ${someOf(indivisible.map((linear) => `${linear} (${shapes.get(linear)?.[1]} inputs)`))}`,
    )
}
