// Hidden states of a checkpoint folder: what tests of reconstruction compare errors with.
import { join } from 'node:path'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { openCheckpoint } from '../../src/engine/checkpoint/checkpoint.ts'
import type { Backend } from '../../src/engine/compute/backend.ts'
import { readBatchFile } from '../../src/engine/evaluate/batchFile.ts'
import { recordForward } from '../../src/engine/evaluate/recordForward.ts'
import { createDecoder } from '../../src/engine/model/decoder.ts'
import { openModel } from '../../src/engine/model/model.ts'
import { readGolden } from './goldens.ts'
import { f32, safetensors, type TestTensor } from './safetensors.ts'
import { readTensors, type HostTensors } from './tensors.ts'

/** Outputs of a block on all ids of a file, window after window; `scratch` names a file to write. */
export async function blockOutputs(
  backend: Backend,
  folder: string,
  { ids, block, scratch }: { ids: string; block: number; scratch: string },
): Promise<Float32Array> {
  const checkpoint = await openCheckpoint(folder)
  const decoder = await createDecoder(backend, openModel(checkpoint), { memoryBytes: 1e9 })
  try {
    await recordForward(decoder, await readBatchFile(ids, {}), { path: scratch, grads: false })
    return (await readGolden(scratch)).f32(`hidden.${block + 1}`)
  } finally {
    await decoder.close()
    await checkpoint.close()
  }
}

/** A checkpoint in `folder` with each tensor from the one of `sources` that `pick` names, or zeros for null. */
export async function mixCheckpoints<S extends string>(
  folder: string,
  sources: Record<S, string>,
  pick: (name: string) => S | null,
): Promise<string> {
  const opened = new Map<S, HostTensors>()
  for (const [key, path] of Object.entries(sources) as [S, string][])
    opened.set(key, await readTensors(join(path, 'model.safetensors')))
  const [first] = opened.keys()
  const tensors: Record<string, TestTensor> = {}
  for (const name of opened.get(first)?.names() ?? []) {
    const source = pick(name)
    const from = opened.get(source ?? first)
    if (!from) throw new Error(`no source ${source}`)
    tensors[name] = f32([...from.shape(name)], source === null ? from.f32(name).fill(0) : from.f32(name))
  }
  mkdirSync(folder)
  copyFileSync(join(sources[first], 'config.json'), join(folder, 'config.json'))
  writeFileSync(join(folder, 'model.safetensors'), safetensors(tensors))
  return folder
}
