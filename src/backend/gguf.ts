// "Export to GGUF…": what a checkpoint would take in each type, and then, when a person has chosen one, the file.
import type { ParamsOf } from '../protocol/parameters.ts'
import { openCheckpoint } from '../engine/checkpoint/checkpoint.ts'
import { ggufSizes, writeGguf } from '../engine/convert/writeGguf.ts'
import { openModel, type Model } from '../engine/model/model.ts'
import type { ResultOf } from '../protocol/rpc.ts'
import type { CallContext } from './channel.ts'
import { seldom } from './pull.ts'
import { wholeModel } from './summary.ts'

export function sizesAsGguf({ path }: { path: string }, { signal }: CallContext<'ggufSizes'>) {
  return withModel(path, (model) => ggufSizes(model, signal))
}

export function writeAsGguf(
  { path, to, type, replaces }: ParamsOf<'writeGguf'>,
  { signal, progress }: CallContext<'writeGguf'>,
): Promise<ResultOf<'writeGguf'>> {
  return withModel(path, async (model) => {
    const { bytes, warnings } = await writeGguf(model, to, { type, replaces, signal, onProgress: seldom(progress) })
    return { bytes, warnings }
  })
}

async function withModel<T>(path: string, work: (model: Model) => Promise<T>): Promise<T> {
  const checkpoint = await openCheckpoint(await wholeModel(path))
  try {
    return await work(openModel(checkpoint))
  } finally {
    await checkpoint.close()
  }
}
