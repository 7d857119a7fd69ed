// What each method left of a real model: the figures by which the wizard proposes one. Taken from bench/RESULTS.md.
import type { MethodName } from './methods.ts'

export interface Measured {
  readonly model: string
  readonly dense: number
  /** Perplexity after pruning alone, half of the weights gone. */
  readonly pruned: Readonly<Record<string, Readonly<Partial<Record<MethodName, number>>>>>
}

export const measured: Measured = {
  model: 'SmolLM2-135M',
  dense: 42.38,
  pruned: {
    unstructured: { magnitude: 592.59, wanda: 88.45, sparsegpt: 76.25, alps: 64.79 },
    '2:4': { wanda: 260.28, sparsegpt: 143.7, alps: 107.58 },
  },
}

export interface Proposal {
  readonly method: MethodName
  readonly perplexity: number
  /** The best of the others. */
  readonly next: { readonly method: MethodName; readonly perplexity: number }
}

/** The method that left most of the model at this pattern; `N:M` that nobody has measured is judged by 2:4. */
export function proposeMethod(pattern: string): Proposal {
  const figures = figuresAt(pattern)
  const [best, next] = (Object.entries(figures) as [MethodName, number][]).sort((a, b) => a[1] - b[1])
  return { method: best[0], perplexity: best[1], next: { method: next[0], perplexity: next[1] } }
}

/** Best first; those that were not measured at this pattern stand behind, as they come. */
export function byMeasure(names: readonly MethodName[], pattern: string): MethodName[] {
  const figures = figuresAt(pattern)
  const known = (name: MethodName) => figures[name] ?? Number.MAX_VALUE
  return [...names].sort((a, b) => known(a) - known(b))
}

function figuresAt(pattern: string): Readonly<Partial<Record<MethodName, number>>> {
  return measured.pruned[pattern] ?? measured.pruned[pattern === 'unstructured' ? 'unstructured' : '2:4']
}
