// What a list of runs says of each in columns of its own, from the run's resolved recipe, which may be anybody's.
import { modelLabel } from '../../catalog/formats/modelLabel.ts'
import { fieldsOf } from '../../formatting/records.ts'
import { modeText, partsOf, requestedSparsity, textOf } from './recipeParts.ts'

/** Parts that are not known are null, or empty. */
export interface RunFacts {
  /** The model's name without its folders. */
  readonly model: string
  /** The share of zeros that was asked for, the mean of a list over the depth. */
  readonly sparsity: number | null
  /** "wanda", "wanda + sparsegpt" */
  readonly method: string
  /** "unstructured", "2:4" */
  readonly pattern: string
  /** "reconstruct", "refit + retrain", "retrain on dense logits"; empty where nothing is recovered. */
  readonly recovery: string
  readonly seed: number | null
}

export const unknownFacts: RunFacts = { model: '', sparsity: null, method: '', pattern: '', recovery: '', seed: null }

export function runFacts(recipe: object | null): RunFacts {
  if (recipe === null) return unknownFacts
  const { model, seed } = fieldsOf(recipe)
  const { steps, recoveries } = partsOf(recipe)
  const sparsities = steps.map(requestedSparsity)
  return {
    model: typeof model === 'string' ? modelLabel(model) : '',
    // Several steps have each their own matrices, and how many those are the recipe alone does not say.
    sparsity: new Set(sparsities).size === 1 ? sparsities[0] : null,
    method: together(steps.map(({ method }) => textOf(method))),
    pattern: together(steps.map(({ pattern }) => textOf(pattern))),
    recovery: together(recoveries.map(modeText)),
    seed: typeof seed === 'number' && Number.isFinite(seed) ? seed : null,
  }
}

function together(parts: readonly string[]): string {
  return [...new Set(parts.filter((part) => part !== ''))].join(' + ')
}
