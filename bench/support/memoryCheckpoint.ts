// A checkpoint of random f32 weights that exists in memory only: any shape of model, no files.
import type { Checkpoint, TensorEntry } from '../../src/engine/checkpoint/checkpoint.ts'
import { createRng } from '../../src/engine/rng.ts'
import { readModelConfig } from '../../src/shared/families/modelConfig.ts'
import { modelParameters } from '../../src/shared/families/parameters.ts'

/** Linears and tables are normal with σ = 0.02, `sparsity` of the block linears 0; norm weights 1, biases small. */
export function memoryCheckpoint(config: Record<string, unknown>, sparsity: number): Checkpoint {
  const parameters = modelParameters(readModelConfig(config))
  const tensors = new Map<string, TensorEntry>()
  const kinds = new Map(parameters.map((p) => [p.name, p.kind]))
  for (const { name, shape } of parameters) {
    const bytes = 4 * shape.reduce((a, b) => a * b, 1)
    tensors.set(name, { name, dtype: 'F32', shape, file: 'memory', start: 0, bytes })
  }
  const rng = createRng(1, 'weights')
  const pool = Float32Array.from({ length: 1 << 18 }, () => 0.02 * rng.normal())
  const cut = Float32Array.from(pool, Math.abs).sort()[Math.floor(sparsity * pool.length)]
  const pruned = pool.map((w) => (Math.abs(w) < cut ? 0 : w))
  const readInto = async (name: string, start: number, target: Uint8Array) => {
    const kind = kinds.get(name)
    const values = new Float32Array(target.buffer, target.byteOffset, target.byteLength / 4)
    if (kind === 'norm') return void values.fill(1)
    const source = kind === 'linear' ? pruned : pool
    let from = (start / 4 + 7919 * name.length) % source.length
    for (let done = 0; done < values.length;) {
      const length = Math.min(values.length - done, source.length - from)
      values.set(source.subarray(from, from + length), done)
      done += length
      from = 0
    }
  }
  const readRange = async (name: string, start: number, end: number) => {
    const target = new Uint8Array(end - start)
    await readInto(name, start, target)
    return target
  }
  return {
    path: 'memory',
    folder: 'memory',
    files: [],
    tensors,
    metadata: new Map(),
    indexMetadata: null,
    config,
    bytesRead: () => 0,
    read: (name) => readRange(name, 0, tensors.get(name)?.bytes ?? 0),
    readRange,
    readInto,
    close: async () => undefined,
  }
}
