// notes.json of a run's folder: tags and a note that a person gave to it. It may come from anyone, and is no part of the run.
import * as z from 'zod/mini'
import { noNotes, tidyNotes, type RunNotes } from '../../shared/sweep/runNotes.ts'
import { temporaryBeside, writeAtomic } from '../../system/atomicFile.ts'
import { readOwn, removeOwn, requireOwnFolder } from '../../system/ownFile.ts'
import { checkRecorded } from './recorded.ts'
import type { RunFolder } from './runFolder.ts'

/** Bytes: what `tidyNotes` leaves is never more. */
const largest = 2 ** 16
const text = z.string().check(z.maxLength(2 ** 14))
const shape = z.object({ tags: z.array(text).check(z.maxLength(1000)), note: text })

/** None where the file is missing, or is not what `writeNotes` writes. */
export async function readNotes({ notes }: Pick<RunFolder, 'notes'>): Promise<RunNotes> {
  try {
    return tidyNotes(checkRecorded(shape, JSON.parse(await readOwn(notes, largest)), notes))
  } catch {
    return noNotes
  }
}

/** Replaces them; empty ones leave no file. Returns what was kept. @throws EngineError 'bad-data' for what are no notes, 'disk'. */
export async function writeNotes(
  { path, notes }: Pick<RunFolder, 'path' | 'notes'>,
  given: unknown,
): Promise<RunNotes> {
  const kept = tidyNotes(checkRecorded(shape, given, notes))
  await requireOwnFolder(path)
  if (kept.tags.length === 0 && kept.note === '') await removeOwn(notes)
  else await writeAtomic(notes, [`${JSON.stringify(kept, null, 1)}\n`], temporaryBeside(notes))
  return kept
}
