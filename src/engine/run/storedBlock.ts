// Weights on their way into a file: read from the device, put into the checkpoint's type, their masks checked in the
// very bytes that will lie there.
import type { Backend } from '../compute/backend.ts'
import { readF32 } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import { EngineError } from '../errors.ts'
import type { Model } from '../model/model.ts'
import { storedBytes } from '../model/weightIo.ts'
import type { Mask } from '../prune/mask.ts'
import { checkMask } from '../recover/maskCheck.ts'
import type { StateTensor } from './tensorFile.ts'

/**
 * `tensor` holds f32 values of a parameter in the engine's orientation.
 * @throws EngineError 'mask-broken', or 'numeric' when a value does not fit the type.
 */
export async function storeParameter(
  backend: Backend,
  model: Model,
  name: string,
  tensor: Tensor,
  masks: ReadonlyMap<string, Mask>,
): Promise<StateTensor> {
  const values = await readF32(backend, tensor)
  const entry = model.checkpoint.tensors.get(name)
  const parameter = model.parameters.get(name)
  if (!entry || !parameter) throw new EngineError('internal', `${name} is no parameter of this model`)
  const { dtype, shape } = entry
  checkRange(name, values, dtype)
  const bytes = storedBytes(model, name, values)
  const mask = masks.get(name.replace(/\.weight$/, ''))
  if (mask) checkMask(mask, { name, bytes, bytesPerWeight: bytesPerWeight(dtype), transposed: parameter.transposed })
  return { name, dtype, shape, bytes }
}

function bytesPerWeight(dtype: string): 2 | 4 | 8 {
  return dtype === 'F64' ? 8 : dtype === 'F32' ? 4 : 2
}

/** Largest value of F16. BF16 reaches as far as f32. */
const largestHalf = 65504

function checkRange(name: string, values: Float32Array, dtype: string): void {
  const limit = dtype === 'F16' ? largestHalf : Number.MAX_VALUE
  const bad = values.findIndex((value) => !(Math.abs(value) <= limit))
  if (bad < 0) return
  throw new EngineError(
    'numeric',
    `${name}: value ${values[bad]} cannot be stored as ${dtype}; lower recover.lr, or look at the pruned model`,
  )
}
