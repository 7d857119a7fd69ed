// What an analysis settles of a recipe that is begun after it.
import { unstructured } from '../../shared/recipe/defaults.ts'
import { byMeasure } from '../../shared/recipe/measured.ts'
import type { Measurable } from '../../shared/protocol/rpc.ts'
import type { RecipeChoices } from '../../shared/recipe/writing/recipeText.ts'

/** Paths are absolute. */
export type Settled = Partial<Pick<RecipeChoices, 'method' | 'pattern' | 'data' | 'field' | 'seqLen' | 'samples'>>

/** The method that is known to do best among those that were measured in all blocks, as it was measured, and on that text. */
export function settledBy({ methods, patterns, sparsities, calibration }: Measurable): Settled {
  const measured = methods.filter(({ measured: done, blocks }) => blocks > 0 && done === blocks)
  const pattern = sparsities.length > 1 ? unstructured : (patterns.at(0) ?? unstructured)
  const best = byMeasure(
    measured.map(({ method }) => method),
    pattern,
  ).at(0)
  if (best === undefined || !calibration) return {}
  const { data, field = null, samples, seqLen } = calibration
  // A ranking is content with few windows of text, pruning takes the usual number; ids are as many as there are.
  return { method: best, pattern, data, field, seqLen, ...(data.endsWith('.safetensors') && { samples }) }
}
