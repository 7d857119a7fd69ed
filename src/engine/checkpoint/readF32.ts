// A small tensor as f32 values on the host.
import { bf16ToF32, f16ToF32 } from '../dtype.ts'
import { EngineError } from '../errors.ts'
import type { Checkpoint } from './checkpoint.ts'

/** The tensor's shape, and its values rows first. null: the file has no such tensor. @throws EngineError 'bad-data' for a type other than F32, F16 and BF16. */
export async function readF32Tensor(
  file: Checkpoint,
  name: string,
): Promise<{ shape: readonly number[]; values: Float32Array } | null> {
  const entry = file.tensors.get(name)
  if (!entry) return null
  const { buffer } = await file.read(name)
  switch (entry.dtype) {
    case 'F32':
      return { shape: entry.shape, values: new Float32Array(buffer) }
    case 'F16':
      return { shape: entry.shape, values: Float32Array.from(new Uint16Array(buffer), f16ToF32) }
    case 'BF16':
      return { shape: entry.shape, values: Float32Array.from(new Uint16Array(buffer), bf16ToF32) }
    default:
      throw new EngineError('bad-data', `${file.path}: ${name} is ${entry.dtype}; F32, F16 and BF16 are read here`)
  }
}
