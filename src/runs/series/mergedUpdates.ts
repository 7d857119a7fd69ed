// What merging an adapter under a mask cut off: shares of the squared norm of its updates, over matrices and kinds of matrices.
import { formatShare } from '../../formatting/numbers.ts'
import type { MergedUpdate } from './events.ts'

export type MergedModules = Readonly<Record<string, MergedUpdate>>

/** Matrices of the same place in every block. */
interface MergedKind {
  /** Name inside the block; an expert's number is `*`. */
  readonly name: string
  readonly matrices: number
  readonly cut: number
  /** The least and the most of any of them. */
  readonly range: readonly [least: number, most: number]
}

/** Σ cut·norm² / Σ norm²; 0 where nothing was added. */
export function cutOfAll(updates: readonly MergedUpdate[]): number {
  let [all, cut] = [0, 0]
  for (const { norm, cut: share } of updates) {
    all += norm ** 2
    cut += share * norm ** 2
  }
  return all > 0 ? cut / all : 0
}

/** "18.2 % of the adapter's update fell on zeros and was cut off." */
export function cutText(modules: MergedModules): string {
  const updates = Object.values(modules)
  return `${formatShare(cutOfAll(updates), 1)} of the adapter's update (of its squared norm) fell on zeros and was cut off.`
}

export const mergedTitle = 'Merged adapter'
export const mergedHeads = ['matrix', 'number', 'cut off', 'from', 'to']

/** Texts of a table below `mergedHeads`: a row for each kind of matrix. */
export function mergedRows(modules: MergedModules): string[][] {
  return mergedKinds(modules).map(({ name, matrices, cut, range }) => [
    name,
    String(matrices),
    ...[cut, ...range].map((share) => formatShare(share, 1)),
  ])
}

/** In the order in which they come. */
function mergedKinds(modules: MergedModules): MergedKind[] {
  const kinds = new Map<string, MergedUpdate[]>()
  for (const [module, update] of Object.entries(modules)) {
    const name = module.replace(/^.*?\.\d+\./, '').replace(/\.\d+(?=\.|$)/g, '.*')
    const own = kinds.get(name)
    if (own) own.push(update)
    else kinds.set(name, [update])
  }
  return [...kinds].map(([name, updates]) => {
    const cuts = updates.map(({ cut }) => cut).sort((a, b) => a - b)
    return { name, matrices: updates.length, cut: cutOfAll(updates), range: [cuts[0], cuts[cuts.length - 1]] }
  })
}
