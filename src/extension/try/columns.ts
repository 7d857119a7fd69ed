// Chooses the checkpoints that stand side by side when one is tried out.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isWeights } from '../../shared/format/checkpointFormats.ts'
import { maskName } from '../../shared/format/maskFile.ts'
import { modelLabel } from '../../shared/format/modelLabel.ts'
import { methodOf } from '../../shared/methods/methods.ts'
import { mostColumns } from '../../shared/protocol/tryOut.ts'
import type { TriedModel } from '../../shared/protocol/view.ts'
import { recoveriesOf, resolvePruneStep } from '../../shared/recipe/resolve.ts'
import type { Recipe } from '../../shared/recipe/schema.ts'
import { sourceOf } from '../models/sourceOf.ts'
import { fieldsOf } from '../../shared/format/records.ts'

export function column(path: string, role = ''): TriedModel {
  return { path, label: modelLabel(path), role }
}

/** The checkpoint, behind the model that it was made from where that is still there. */
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

/**
 * What a run began with, what its pruning alone left, and what it saved. The pruned model itself is kept nowhere: where pruning
 * only takes weights away, it is the dense one under the mask that lies beside the result.
 */
export function columnsOfRun(model: string, saved: string, recipe: Pick<Recipe, 'prune' | 'recover'>): RunColumns {
  const [dense, steps] = [column(model, 'dense'), recipe.prune ?? []]
  if (recoveriesOf(recipe.recover).length === 0) return { columns: [dense, column(saved, 'pruned')], note: null }
  const without = (why: string | null) => ({ columns: [dense, column(saved, 'recovered')], note: why && `No column shows the model that is only pruned: ${why}` }) // prettier-ignore
  if (steps.length === 0) return without(null)
  const correcting = steps.map((step) => methodOf(resolvePruneStep(step).method)).find(({ corrects }) => corrects)
  if (correcting) return without(`${correcting.title} changes the kept weights, and the run does not keep that state.`)
  const folder = isWeights(saved) ? dirname(saved) : saved
  if (!existsSync(join(folder, maskName))) return without(`there is no ${maskName} beside the result.`)
  const pruned = { ...column(model, 'pruned'), mask: saved, label: `${modelLabel(model)} under the mask of this run` } // prettier-ignore
  return { columns: [dense, pruned, column(saved, 'recovered')], note: null }
}

/** Reads the columns that a reloaded window remembers, which may be anything. */
export function columnsFrom(state: unknown): TriedModel[] {
  const { columns } = fieldsOf(state)
  if (!Array.isArray(columns)) return []
  return columns.slice(0, mostColumns).flatMap((one: unknown) => {
    const { path, mask, label, role } = fieldsOf(one)
    if (typeof path !== 'string' || path === '') return []
    const own = column(path, typeof role === 'string' ? role : '')
    return [typeof mask === 'string' && typeof label === 'string' ? { ...own, mask, label } : own]
  })
}
