// How a checkpoint of ours came about, as the Inspector shows it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { recipeYaml } from '../engine/run/open/recipeFile.ts'
import { cardName } from '../engine/run/origin/modelCard.ts'
import { readNote } from '../engine/run/origin/note.ts'
import { noteFacts, resultTable } from '../engine/run/origin/noteFacts.ts'
import { protocolOf } from '../engine/run/origin/protocol.ts'
import { writtenRecipe } from '../shared/recipe/resolve.ts'
import type { Origin } from '../shared/protocol/inspect.ts'

/** null: no run of ours has made it. */
export async function originOf(folder: string): Promise<Origin | null> {
  const note = await readNote(folder)
  if (!note) return null
  return {
    facts: noteFacts(note),
    results: resultTable(note),
    protocol: protocolOf(note.recipe),
    recipe: recipeYaml(writtenRecipe(note.recipe)),
    hasCard: existsSync(join(folder, cardName)),
  }
}
