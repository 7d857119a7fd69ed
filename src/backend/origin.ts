// Provenance of a checkpoint that a run has made, as the Inspector shows it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { recipeYaml } from '../engine/run/open/recipeFile.ts'
import { cardName } from '../engine/run/origin/modelCard.ts'
import { noteFacts, readNote, resultTable } from '../engine/run/origin/note.ts'
import { protocolOf } from '../engine/run/origin/protocol.ts'
import { writtenRecipe } from '../recipe/resolve.ts'
import type { Origin } from '../protocol/inspect.ts'
import type { Evaluation } from '../runs/series/foldRun.ts'

/** Measurements, at the ends of its stages, of the run that made a checkpoint; none for any other checkpoint. */
export async function evaluationsOf(folder: string): Promise<Evaluation[]> {
  const note = await readNote(folder)
  const final = note?.evaluations.filter(({ step }) => step === undefined) ?? []
  return final.map(
    ({ stage, entry, task, data = '', field, seq_len: seqLen = null, perplexity = null, acc, stderr = null }) => {
      const accuracy = acc === undefined ? null : { acc, stderr }
      return { stage, entry, task, data, ...(field !== undefined && { field }), seqLen, x: 0, perplexity, accuracy }
    },
  )
}

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
