// Provenance of a checkpoint that a run has made, as the Inspector shows it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError } from '../engine/errors.ts'
import { recipeYaml } from '../engine/run/open/recipeFile.ts'
import { cardName } from '../engine/run/origin/modelCard.ts'
import { noteFacts, readNote, resultTable } from '../engine/run/origin/note.ts'
import { protocolOf } from '../engine/run/origin/protocol.ts'
import { writtenRecipe } from '../recipe/resolve.ts'
import type { TrainedResult } from '../protocol/rpc.ts'
import type { Origin } from '../protocol/inspect.ts'

/** @throws EngineError 'not-found' for a checkpoint that is not the result of a run. */
export async function trainedBy(folder: string): Promise<TrainedResult> {
  const note = await readNote(folder)
  if (!note)
    throw new EngineError(
      'not-found',
      `${folder} has no sparsescope.json of a run, which lists the trained weights: open the result of a run`,
    )
  const sparsities = Object.fromEntries(Object.entries(note.sparsities).filter(([, share]) => share > 0))
  const recipe = recipeYaml(writtenRecipe({ ...note.recipe, model: '.' }))
  return { recipe, sparsities, moved: note.moved.map(({ recovery, tensors }) => ({ recovery, tensors })) }
}

/** null: it is not the result of a run. */
export async function originOf(folder: string): Promise<Origin | null> {
  const note = await readNote(folder)
  if (!note) return null
  return {
    facts: noteFacts(note),
    results: resultTable(note),
    protocol: protocolOf(note.recipe),
    recipe: recipeYaml(writtenRecipe(note.recipe)),
    certificates: note.certificates,
    hasCard: existsSync(join(folder, cardName)),
  }
}
