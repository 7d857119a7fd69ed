// The result of a run once more, as one file for llama.cpp, made of the folder that it has just saved.
import type { Output } from '../../../plan/outputs.ts'
import { openCheckpoint } from '../../checkpoint/checkpoint.ts'
import { partialPath } from '../../checkpoint/partialFolder.ts'
import { writeGguf } from '../../convert/writeGguf.ts'
import { openModel } from '../../model/model.ts'
import type { RunSession } from '../state/session.ts'

/** Writes the file that is not there yet. @throws EngineError 'exists' or 'disk'; nothing has its name then. */
export async function saveGguf(session: RunSession, { to }: Output): Promise<void> {
  const { progress, recipe, signal } = session
  const { saved: folder, gguf } = progress
  if (folder === null || gguf.saved !== null) return
  const write = async () => {
    const checkpoint = await openCheckpoint(folder)
    try {
      // What llama.cpp computes otherwise the plan has said.
      await writeGguf(openModel(checkpoint), to, {
        type: recipe.save?.type,
        partial: gguf.partial === null ? undefined : partialPath(to, gguf.partial),
        signal,
        onProgress: (done, total) => session.advance(done, total, 'bytes'),
      })
    } finally {
      await checkpoint.close()
    }
    gguf.saved = to
    gguf.partial = null
    session.log.emit({ type: 'saved', path: to, stage: 'gguf' })
    await session.milestone()
  }
  await session.phase('save', write, { part: 'save gguf' })
}
