// Chooses the checkpoints that Try It shows side by side, and those of a run that can be compared.
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { isWeights, modelLabel } from '../../catalog/formats/checkpointFormats.ts'
import { methodOf } from '../../catalog/methods/methods.ts'
import { mostColumns } from '../../protocol/tryOut.ts'
import type { LabelledModel, TriedModel } from '../../protocol/view.ts'
import { recoveriesOf, resolvePruneStep } from '../../recipe/resolve.ts'
import type { Recipe } from '../../recipe/schema.ts'
import { sourceOf } from '../../runs/folder/recipes.ts'
import { fieldsOf } from '../../catalog/formats/json.ts'

/** A checkpoint on disk, without a mask. */
export const plainModel = (path: string): LabelledModel => ({ path, label: modelLabel(path) })

export const column = (path: string, role = ''): TriedModel => ({ ...plainModel(path), role })

/** The checkpoint, after the model that it was made from if that model still exists. */
export async function columnsOf(path: string): Promise<TriedModel[]> {
  const source = await sourceOf(isWeights(path) ? dirname(path) : path)
  if (!source || (!source.model.startsWith('hf:') && !existsSync(source.model))) return [column(path)]
  return [column(source.model, 'dense'), column(path, source.onlyPruned ? 'pruned' : 'recovered')]
}

export interface RunColumns {
  readonly columns: readonly TriedModel[]
  /** Why there is no column of the model that is only pruned; null: there is one, or nothing was recovered. */
  readonly note: string | null
}

/** The models that a run has saved: its result and, with save.pruned, the model before recovery. */
interface SavedByRun {
  readonly result: string
  readonly pruned: string | null
}

/**
 * The dense, pruned and saved models of a run. The pruned model is the one that the recipe saved. Without one, and if pruning only
 * removed weights, it is the dense model under the mask of the result.
 */
export function columnsOfRun(
  model: string,
  { result, pruned }: SavedByRun,
  recipe: Pick<Recipe, 'prune' | 'recover'>,
): RunColumns {
  const [dense, steps] = [column(model, 'dense'), recipe.prune ?? []]
  if (recoveriesOf(recipe.recover).length === 0) return { columns: [dense, column(result, 'pruned')], note: null }
  const recovered = column(result, 'recovered')
  if (pruned !== null && existsSync(pruned))
    return { columns: [dense, column(pruned, 'pruned'), recovered], note: null }
  const without = (why: string | null) => ({
    columns: [dense, recovered],
    note: why && `The model before recovery is missing here: ${why}`,
  })
  if (steps.length === 0) return without(null)
  if (pruned !== null) return without(`${pruned} no longer exists.`)
  const correcting = steps.map((step) => methodOf(resolvePruneStep(step).method)).find(({ corrects }) => corrects)
  if (correcting)
    return without(
      `${correcting.title} also changes the kept weights, so the mask is not enough to restore it. Add save.pruned to the recipe to save it.`,
    )
  const under = { ...column(model, 'pruned'), mask: result, label: `${modelLabel(model)} under the mask of this run` }
  return { columns: [dense, under, recovered], note: null }
}

/** Pairs of an earlier stage `a` and a later stage `b` of a run; pruned and recovered, if both exist, come first. */
export function pairsOf(columns: readonly TriedModel[]): { a: TriedModel; b: TriedModel }[] {
  const last = columns.slice(1).reverse()
  return last.flatMap((b) =>
    columns
      .slice(0, columns.indexOf(b))
      .reverse()
      .map((a) => ({ a, b })),
  )
}

/** A model from the state that VS Code kept for a reloaded window; null if that state is not valid. */
export function rememberedModel(state: unknown): LabelledModel | null {
  const { path, mask, label } = fieldsOf(state)
  if (typeof path !== 'string' || path === '') return null
  const plain = plainModel(path)
  return typeof mask === 'string' && typeof label === 'string' ? { ...plain, mask, label } : plain
}

/** The valid columns from the state that VS Code kept for a reloaded window. */
export function columnsFrom(state: unknown): TriedModel[] {
  const { columns } = fieldsOf(state)
  if (!Array.isArray(columns)) return []
  return columns.slice(0, mostColumns).flatMap((one: unknown) => {
    const { role } = fieldsOf(one)
    const model = rememberedModel(one)
    return model ? [{ ...model, role: typeof role === 'string' ? role : '' }] : []
  })
}
