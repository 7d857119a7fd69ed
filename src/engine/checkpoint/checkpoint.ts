// Opens checkpoints on this disk, for computation or inspection. Only headers are read.
import { join } from 'node:path'
import { maxNoteBytes, noteName } from '../../catalog/formats/checkpointFormats.ts'
import { isRecord } from '../../catalog/formats/json.ts'
import { FilePool } from './filePool.ts'
import { createCheckpoint, type Checkpoint } from './createCheckpoint.ts'
import { inspectIn, type Inspection } from './inspection.ts'
import { locate } from './locate.ts'
import { configOf } from './modelConfigFile.ts'
import { readHeaders, type FileProblem } from './readHeaders.ts'
import { readSmallFile } from './regularFile.ts'

export { bytesOnDisk, isOfGguf, storedType } from './createCheckpoint.ts'
export type { Checkpoint, CheckpointFile, TensorEntry } from './createCheckpoint.ts'

/**
 * Opens a Hugging Face folder, an index, or one file of weights (checkpointFormats.ts) to compute with. GGUF files are refused;
 * `openInspection` opens them.
 * @throws EngineError 'not-found', or 'bad-checkpoint' with one sentence on what is wrong and how to fix it.
 */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  const located = await locate(path)
  const pool = new FilePool()
  try {
    const config = await configOf(located, pool)
    const { headers, indexMetadata } = await readHeaders(pool, located, { unknown: 'refuse', onProblem: refuse })
    return createCheckpoint({ path, folder: located.folder, pool, headers, indexMetadata, config })
  } catch (error) {
    await pool.close()
    throw error
  }
}

/** Computation needs a whole checkpoint, so the first problem is an error. */
function refuse({ error }: FileProblem): never {
  throw error
}

/** `mostBytes`: as in `FilePool`. @throws EngineError as `openCheckpoint`, but only when nothing at all can be opened. */
export async function openInspection(path: string, mostBytes = Infinity): Promise<Inspection> {
  return inspectIn(new FilePool(mostBytes), await locate(path), path)
}

/** Hash that identifies the order of channels after `reorder` by the run that saved the checkpoint or an earlier one; null: unchanged. */
export async function channelOrderOf({ folder }: Pick<Checkpoint, 'folder'>): Promise<string | null> {
  try {
    const note: unknown = JSON.parse(await readSmallFile(join(folder, noteName), maxNoteBytes))
    return isRecord(note) && typeof note.reordered === 'string' ? note.reordered : null
  } catch {
    return null
  }
}
