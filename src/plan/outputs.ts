// What a run writes: checkpoints, and a file of its result for llama.cpp.
import type { ResolvedRecipe } from '../recipe/resolve.ts'

/** `pruned`: the model before recovery; `gguf`: the result once more, as one file. */
export type OutputKind = 'pruned' | 'result' | 'gguf'

export interface Output {
  readonly kind: OutputKind
  /** As the recipe has it. */
  readonly to: string
}

/** In the order in which they are written. Without recovery the result is the pruned model, and is written once. */
export function outputsOf({ save, prune, recover }: Pick<ResolvedRecipe, 'save' | 'prune' | 'recover'>): Output[] {
  if (!save) return []
  const before = save.pruned !== undefined && prune.length > 0 && recover.length > 0 ? save.pruned : null
  return [
    ...(before === null ? [] : [{ kind: 'pruned', to: before } as const]),
    { kind: 'result', to: save.to },
    ...(save.format === 'gguf' ? [{ kind: 'gguf', to: ggufPlace(save.to) } as const] : []),
  ]
}

/** The GGUF file of a result lies beside its folder. */
export function ggufPlace(to: string): string {
  return `${to.replace(/(?<=[^\\/])[\\/]+$/, '')}.gguf`
}

/** The model before recovery is saved too. */
export function savesPruned(recipe: Pick<ResolvedRecipe, 'save' | 'prune' | 'recover'>): boolean {
  return outputsOf(recipe).some(({ kind }) => kind === 'pruned')
}
