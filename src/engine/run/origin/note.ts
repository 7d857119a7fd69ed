// sparsescope.json beside a saved checkpoint, read again: how it came about. Anybody may have written it.
import { basename, join, resolve } from 'node:path'
import * as z from 'zod'
import { recipeSchema } from '../../../recipe/schema.ts'
import { noteName } from '../../../formatting/noteName.ts'
import { isOfWhole } from '../../../catalog/families/textModel.ts'
import { resolveRecipe, type ResolvedRecipe } from '../../../recipe/resolve.ts'
import { readSmallFile } from '../../checkpoint/smallFile.ts'
import { EngineError } from '../../errors.ts'
import { evaluationShape, movesShape, type BlockMoves } from '../state/progress.ts'

export const maxNoteBytes = 2 ** 28
const few = 1e6

const text = z.string().max(2 ** 12)
const noteSchema = z.object({
  versions: z.object({ sparsescope: text }),
  device: text,
  recipe: recipeSchema,
  trainable: z.object({ count: z.number(), percent: z.number() }).nullable(),
  evaluations: z.array(evaluationShape.omit({ seconds: true })).max(few),
  moved: movesShape.default([]),
  tensors: z.record(z.string(), z.object({ zeros: z.int().min(0), sparsity: z.number().min(0).max(1) })),
})

export interface Note {
  /** The folder's name. */
  readonly name: string
  readonly version: string
  readonly device: string
  readonly recipe: ResolvedRecipe
  readonly trainable: { readonly count: number; readonly percent: number } | null
  /** How far its recoveries moved what they trained; empty where an earlier version wrote the note. */
  readonly moved: readonly BlockMoves[]
  /** Share of zeros by matrix, as the mask has it. */
  readonly sparsities: Readonly<Record<string, number>>
  readonly evaluations: z.output<typeof noteSchema>['evaluations']
  /** Sparsity of the matrices that were pruned; null: none was. */
  readonly sparsity: number | null
  /** The model is the text model beside a vision tower. */
  readonly isPart: boolean
}

/** null: there is none, or it is not what a run writes. */
export async function readNote(folder: string): Promise<Note | null> {
  try {
    return parseNote(await readSmallFile(join(folder, noteName), maxNoteBytes), basename(resolve(folder)))
  } catch {
    return null
  }
}

/** `name`: of the folder. @throws EngineError 'bad-data'. */
export function parseNote(json: string, name: string): Note {
  const parsed = noteSchema.safeParse(JSON.parse(json))
  if (!parsed.success)
    throw new EngineError('bad-data', `${noteName} is not what a run writes: ${parsed.error.issues[0].message}`)
  const { versions, device, recipe, trainable, evaluations, moved, tensors } = parsed.data
  const sparsities = Object.fromEntries(Object.entries(tensors).map(([tensor, { sparsity }]) => [tensor, sparsity]))
  const pruned = Object.values(tensors).filter(({ sparsity }) => sparsity > 0)
  const zeros = pruned.reduce((sum, one) => sum + one.zeros, 0)
  const size = pruned.reduce((sum, one) => sum + one.zeros / one.sparsity, 0)
  const sparsity = size > 0 ? zeros / size : null
  const resolved = resolveRecipe(recipe)
  return {
    ...{
      name,
      version: versions.sparsescope,
      device,
      recipe: resolved,
      trainable,
      evaluations,
      sparsity,
      moved,
      sparsities,
    },
    isPart: Object.keys(tensors).some(isOfWhole),
  }
}
