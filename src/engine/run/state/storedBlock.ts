// Weights on their way into a file: rounded to the checkpoint's type on the device, read, and their masks checked in the
// bytes that go into the file.
import { moduleOfWeight } from '../../../catalog/families/parameters.ts'
import { halvesAreFinite, checkMask } from '../../recover/maskCheck.ts'
import type { Backend } from '../../compute/backend.ts'
import { readWide } from '../../compute/backend.ts'
import type { Tensor } from '../../compute/tensor.ts'
import type { DType } from '../../dtype.ts'
import { EngineError } from '../../errors.ts'
import type { Model } from '../../model/model.ts'
import { storedBytes, storedDType } from '../../model/weights.ts'
import type { Mask } from '../../prune/mask.ts'
import { bytesOf, type StateTensor } from './tensorFile.ts'

/** Names the last change of a parameter, which may be to blame when its values cannot be stored. */
type ChangedBy = 'pruning' | 'training' | 'merging'

/**
 * `tensor` holds the values of a parameter in the engine's orientation, in f32 or in the stored type. It is read only when it is
 * written, which throws EngineError 'mask-broken', or 'numeric' when a value does not fit the type.
 */
export function storedParameter(
  backend: Backend,
  model: Model,
  name: string,
  tensor: Tensor,
  masks: ReadonlyMap<string, Mask>,
  changedBy: ChangedBy,
): StateTensor {
  const { dtype, shape, transposed } = placeOf(model, name)
  const read = async () => {
    const bytes =
      storedDType(model, name) === 'f32' || transposed
        ? storedBytes(model, name, await readWide(backend, tensor))
        : await readRounded(backend, storedDType(model, name), tensor)
    checkFinite(name, bytes, dtype, changedBy)
    const mask = masks.get(moduleOfWeight(name))
    if (mask) checkMask(mask, { name, bytes, bytesPerWeight: bytesPerWeight(dtype), transposed })
    return bytes
  }
  return { name, dtype, shape, bytes: read }
}

/**
 * Like `storedParameter`, for f32 values [O, I] on the host. `make` is called when they are written, and returns them with the mask
 * that they must obey.
 */
export function storedValues(
  model: Model,
  name: string,
  make: () => Promise<{ values: Float32Array; mask?: Mask }>,
): StateTensor {
  const { dtype, shape, transposed } = placeOf(model, name)
  const read = async () => {
    const { values, mask } = await make()
    const bytes = storedBytes(model, name, values)
    checkFinite(name, bytes, dtype, 'merging')
    if (mask) checkMask(mask, { name, bytes, bytesPerWeight: bytesPerWeight(dtype), transposed })
    return bytes
  }
  return { name, dtype, shape, bytes: read }
}

function placeOf(model: Model, name: string) {
  const entry = model.checkpoint.tensors.get(name)
  const parameter = model.parameters.get(name)
  if (!entry || !parameter) throw new EngineError('internal', `${name} is no parameter of this model`)
  return { dtype: entry.dtype, shape: entry.shape, transposed: parameter.transposed }
}

/** 16-bit values leave the device as such: half the bytes on the way, and no f32 copy on the host. */
async function readRounded(backend: Backend, dtype: DType, tensor: Tensor): Promise<Uint8Array> {
  if (tensor.dtype === dtype) return bytesOf(await backend.read(tensor))
  const narrow = backend.allocate(dtype, tensor.shape)
  try {
    backend.kernels.convert(narrow, tensor)
    return bytesOf(await backend.read(narrow))
  } finally {
    backend.release(narrow)
  }
}

function bytesPerWeight(dtype: string): 2 | 4 | 8 {
  return dtype === 'F64' ? 8 : dtype === 'F32' ? 4 : 2
}

/** All bits of the exponent set: infinity or not a number. */
const exponents: Record<string, number> = { F16: 0x7c00, BF16: 0x7f80, F32: 0x7f800000, F64: 0x7ff00000 }

const remedies: Record<ChangedBy, string> = {
  pruning:
    'a pruned weight is too large for %s or not a number; check the source (sparsescope inspect --stats), or prune with another method',
  training: 'a trained value is too large for %s or not a number; lower lr under recover, or check the pruned model',
  merging: 'a merged value is too large for %s or not a number; check the adapter (sparsescope inspect --stats)',
}

/** @throws EngineError 'numeric' for a value that is infinite or not a number as stored. */
export function checkFinite(name: string, bytes: Uint8Array, dtype: string, changedBy: ChangedBy): void {
  const exponent = exponents[dtype] ?? 0
  const size = bytesPerWeight(dtype)
  if (size === 2 && halvesAreFinite(bytes, exponent)) return
  const bits =
    size === 2
      ? new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2)
      : new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
  // The sign and exponent of an F64 are in the upper half.
  const [first, step] = size === 8 ? [1, 2] : [0, 1]
  for (let i = first; i < bits.length; i += step)
    if ((bits[i] & exponent) === exponent)
      throw new EngineError('numeric', `${name}: ${remedies[changedBy].replace('%s', dtype)}`)
}
