// The perplexity curve of a run: a line for each entry of `evaluate`. Numbers on different data, or of windows of different
// lengths, have nothing to do with each other.
import { entryNames } from './entryNames.ts'
import type { Evaluation, RunPicture } from './foldRun.ts'

export interface PerplexityLine {
  readonly entry: number
  /** Short; differs from the other entries'. */
  readonly name: string
  readonly evaluations: readonly Evaluation[]
}

/**
 * In the order of the recipe. Where pruning came between and nothing measured it, the dense model stands apart: a line from
 * it would show training as what made the perplexity worse.
 */
export function perplexityLines(picture: RunPicture): PerplexityLine[] {
  const names = entryNames(picture.evaluations)
  return [...names].flatMap(([entry, name]) => {
    const all = picture.evaluations.filter((e) => e.entry === entry)
    const dense = all.filter((e) => e.stage === 'dense')
    const unmeasured = picture.blocks.size > 0 && !all.some((e) => e.stage === 'pruned')
    if (dense.length === 0 || !unmeasured) return [{ entry, name, evaluations: all }]
    const rest = all.filter((e) => e.stage !== 'dense')
    return [
      { entry, name: `${name}, dense`, evaluations: dense },
      ...(rest.length > 0 ? [{ entry, name, evaluations: rest }] : []),
    ]
  })
}
