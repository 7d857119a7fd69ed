// The record of a run's progress on disk.
import { join } from 'node:path'
import { readOwn } from '../../../system/ownFile.ts'
import { writeAtomic } from '../../../system/atomicFile.ts'
import { parseProgress, type RunProgress } from './progress.ts'

export const progressFile = 'progress.json'

/** Durable when it returns. @throws EngineError 'disk'. */
export async function saveProgress(state: string, progress: RunProgress): Promise<void> {
  const text = `${JSON.stringify(progress, null, 1)}\n`
  await writeAtomic(join(state, progressFile), [text])
}

/** @throws EngineError 'not-found' when the folder holds no run that can be resumed, 'bad-data' when it is damaged. */
export async function loadProgress(state: string): Promise<RunProgress> {
  const path = join(state, progressFile)
  return parseProgress(await readOwn(path), path)
}
