// Small safetensors files of the run's own state: finished blocks, masks, optimiser moments.
import { bytesOfTensor, type SafetensorsDtype } from '../../../catalog/formats/dtypes.ts'
import { encodeHeader } from '../../../catalog/formats/safetensorsHeader.ts'
import { EngineError } from '../../errors.ts'
import { writeAtomic } from '../../../system/atomicFile.ts'

export interface StateTensor {
  readonly name: string
  readonly dtype: SafetensorsDtype
  readonly shape: readonly number[]
  /** The bytes, or a function that makes them when their turn comes: a block of a large model should not be in memory twice. */
  readonly bytes: Uint8Array | (() => Promise<Uint8Array>)
}

/** Replaces the file as a whole, as `writeAtomic` does. @throws EngineError 'disk', or what making the bytes throws. */
export async function writeTensors(
  path: string,
  tensors: readonly StateTensor[],
  metadata: Readonly<Record<string, string>>,
  temporary?: string,
): Promise<void> {
  let end = 0
  const infos = tensors.map(({ name, dtype, shape }) => {
    const start = end
    end += sizeOf({ name, dtype, shape })
    return { name, dtype, shape, start, end }
  })
  const header = encodeHeader({ tensors: infos, metadata: new Map(Object.entries(metadata)) })
  await writeAtomic(path, chunksOf(header, tensors), temporary)
}

function sizeOf({ name, dtype, shape }: Pick<StateTensor, 'name' | 'dtype' | 'shape'>): number {
  const bytes = bytesOfTensor(dtype, shape)
  if (bytes === null) throw new EngineError('internal', `${name}: ${dtype} [${shape.join(', ')}] has no size`)
  return bytes
}

async function* chunksOf(header: Uint8Array, tensors: readonly StateTensor[]): AsyncGenerator<Uint8Array> {
  yield header
  for (const { name, dtype, shape, bytes } of tensors) {
    const made = typeof bytes === 'function' ? await bytes() : bytes
    if (made.byteLength !== sizeOf({ name, dtype, shape }))
      throw new EngineError('internal', `${name}: ${made.byteLength} bytes for ${dtype} [${shape.join(', ')}]`)
    yield made
  }
}

/** The bytes behind a typed array, without a copy. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}
