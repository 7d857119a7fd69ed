// A checkpoint of random weights that exists in memory only: any shape of model, no files.
import type { Checkpoint, TensorEntry } from '../../src/engine/checkpoint/checkpoint.ts'
import { f32ToBf16 } from '../../src/engine/dtype.ts'
import { createRng } from '../../src/engine/rng.ts'
import { readModelConfig } from '../../src/catalog/families/modelConfig.ts'
import { modelParameters } from '../../src/catalog/families/parameters.ts'

/** Linears and tables are normal with σ = 0.02, `sparsity` of the block linears 0; norm weights 1, biases small. */
export function memoryCheckpoint(
  config: Record<string, unknown>,
  sparsity: number,
  dtype: 'F32' | 'BF16' = 'F32',
): Checkpoint {
  const size = dtype === 'F32' ? 4 : 2
  const stored = (values: Float32Array) => (dtype === 'F32' ? values : Uint16Array.from(values, f32ToBf16))
  const parameters = modelParameters(readModelConfig(config))
  const tensors = new Map<string, TensorEntry>()
  const kinds = new Map(parameters.map((p) => [p.name, p.kind]))
  for (const { name, shape } of parameters) {
    const bytes = size * shape.reduce((a, b) => a * b, 1)
    tensors.set(name, { name, dtype, shape, file: 'memory', start: 0, bytes })
  }
  const rng = createRng(1, 'weights')
  const pool = Float32Array.from({ length: 1 << 18 }, () => 0.02 * rng.normal())
  const cut = Float32Array.from(pool, Math.abs).sort()[Math.floor(sparsity * pool.length)]
  const dense = stored(pool)
  const pruned = stored(pool.map((w) => (Math.abs(w) < cut ? 0 : w)))
  const [one] = stored(Float32Array.of(1))
  const readInto = async (name: string, start: number, target: Uint8Array) => {
    const kind = kinds.get(name)
    const Values = dtype === 'F32' ? Float32Array : Uint16Array
    const values = new Values(target.buffer as ArrayBuffer, target.byteOffset, target.byteLength / size)
    if (kind === 'norm') return void values.fill(one)
    const source = kind === 'linear' ? pruned : dense
    let from = (start / size + 7919 * name.length) % source.length
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
