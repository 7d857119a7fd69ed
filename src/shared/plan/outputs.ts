// The checkpoints that a run writes.
import type { ResolvedRecipe } from '../recipe/resolve.ts'

/** `pruned`: the model before recovery. */
export type OutputKind = 'pruned' | 'result'

export interface Output {
  readonly kind: OutputKind
  /** As the recipe has it. */
  readonly to: string
}

/** In the order in which they are written. Without recovery the result is the pruned model, and is written once. */
export function outputsOf({ save, prune, recover }: Pick<ResolvedRecipe, 'save' | 'prune' | 'recover'>): Output[] {
  if (!save) return []
  const result: Output = { kind: 'result', to: save.to }
  if (save.pruned === undefined || prune.length === 0 || recover.length === 0) return [result]
  return [{ kind: 'pruned', to: save.pruned }, result]
}

/** The model before recovery is saved too. */
export function savesPruned(recipe: Pick<ResolvedRecipe, 'save' | 'prune' | 'recover'>): boolean {
  return outputsOf(recipe).some(({ kind }) => kind === 'pruned')
}
