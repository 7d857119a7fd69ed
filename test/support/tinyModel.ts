// A random model of a few thousand weights on disk, and ids for it: for tests that run whole recipes many times.
import { writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createRng } from '../../src/engine/rng.ts'
import { createMemoryCheckpoint, smallOpt } from './memoryCheckpoint.ts'
import { safetensors, type TestTensor } from './safetensors.ts'

/** Writes config.json and model.safetensors into `folder`, which is made. */
export async function writeTinyModel(
  folder: string,
  config: object = smallOpt,
  dtype: 'F32' | 'BF16' = 'F32',
): Promise<void> {
  const checkpoint = createMemoryCheckpoint(config, dtype)
  const tensors: Record<string, TestTensor> = {}
  for (const { name, dtype, shape } of checkpoint.tensors.values())
    tensors[name] = { dtype, shape: [...shape], data: await checkpoint.read(name) }
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  writeFileSync(join(folder, 'model.safetensors'), safetensors(tensors, { format: 'pt' }))
}

/** Windows of 16 ids below 20, as `smallOpt` has them. */
export function writeTinyIds(path: string, windows = 8): void {
  const rng = createRng(3, 'ids')
  const ids = Int32Array.from({ length: windows * 16 }, () => rng.below(20))
  writeFileSync(path, safetensors({ ids: { dtype: 'I32', shape: [windows, 16], data: new Uint8Array(ids.buffer) } }))
}
