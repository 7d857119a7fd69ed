// The source of a checkpoint, from the note that a run left beside it: for showing and opening, never for writing.
import { noteName } from '../../formatting/noteName.ts'
import { posix } from 'node:path'
import { isAbsolute, join } from 'node:path'
import { readOwn } from '../../system/ownFile.ts'
import { fieldsOf } from '../../formatting/records.ts'

const largestNote = 64 * 2 ** 20
/** Deeper than paths of recipes go up. */
const somewhere = '/a/b/c/d/e/f/g/h/i/j/k/l'

export interface Source {
  /** Path of its source, or a name of the Hub. */
  readonly model: string
  /** Whether nothing was recovered. */
  readonly onlyPruned: boolean
}

/** null: no run of ours made it, or nobody can tell from where. */
export async function sourceOf(folder: string): Promise<Source | null> {
  try {
    return madeFrom(JSON.parse(await readOwn(join(folder, noteName), largestNote)) as unknown, folder)
  } catch {
    return null
  }
}

/** The note's paths are relative to the recipe, which lies anywhere: from `save.to` the way to the model is the same from everywhere. */
export function madeFrom(note: unknown, folder: string): Source | null {
  const recipe = fieldsOf(fieldsOf(note).recipe)
  const { model, recover } = recipe
  const { to } = fieldsOf(recipe.save)
  if (typeof model !== 'string' || model === '' || model.includes('\0')) return null
  const onlyPruned = recover === undefined || (Array.isArray(recover) && recover.length === 0)
  if (model.startsWith('hf:') || isAbsolute(model)) return { model, onlyPruned }
  if (typeof to !== 'string' || isAbsolute(to)) return null
  const way = posix.relative(posix.resolve(somewhere, to), posix.resolve(somewhere, model))
  return { model: join(folder, way), onlyPruned }
}
