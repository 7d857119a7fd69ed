// Weights between the checkpoint's bytes and the device: typed reads, transposition of Conv1D, conversion on the device.
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16, type DType } from '../dtype.ts'
import { EngineError } from '../errors.ts'
import { upload, type Backend } from '../compute/backend.ts'
import { lengthOf, type Tensor } from '../compute/tensor.ts'
import type { Parameter } from '../../shared/families/parameters.ts'
import type { Model } from './model.ts'
import { transpose } from './transpose.ts'

/** f32: computed with as f32. stored: 16-bit weights stay 16-bit on the device. */
export type LoadAs = 'f32' | 'stored'

/** A parameter read, in this engine's orientation, not yet on a device. */
export interface HostWeight {
  readonly parameter: Parameter
  readonly dtype: 'f32' | 'f16' | 'bf16'
  readonly data: Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>
}

/** Kernels take 16-bit weights and tables; vectors (biases, norms) are always f32. */
function keptPacked(parameter: Parameter): boolean {
  return parameter.shape.length > 1
}

/** Bytes that a parameter takes on the device. */
export function deviceBytes(model: Model, parameter: Parameter, as: LoadAs): number {
  return lengthOf(parameter.shape) * (as === 'stored' && keptPacked(parameter) ? packedBytes(model, parameter) : 4)
}

/** Bytes that a parameter takes on the host while it is read. */
export function hostBytes(model: Model, parameter: Parameter): number {
  return lengthOf(parameter.shape) * packedBytes(model, parameter)
}

function packedBytes(model: Model, parameter: Parameter): number {
  const dtype = storedType(model, parameter.name)
  return dtype === 'F16' || dtype === 'BF16' ? 2 : 4
}

function storedType(model: Model, name: string): 'F32' | 'F16' | 'BF16' | 'F64' {
  const dtype = model.checkpoint.tensors.get(name)?.dtype
  if (dtype === 'F32' || dtype === 'F16' || dtype === 'BF16' || dtype === 'F64') return dtype
  throw new EngineError('internal', `${name} of type ${dtype ?? 'none'} passed the checks`)
}

/** Reads a whole parameter. */
export async function readWeight(model: Model, parameter: Parameter): Promise<HostWeight> {
  const length = lengthOf(parameter.shape)
  const stored = storedType(model, parameter.name)
  const turn = <A extends Float32Array | Uint16Array>(data: A): A => {
    const [outputs, inputs] = parameter.shape
    return parameter.transposed ? transpose(data, inputs, outputs) : data
  }
  const fill = async <A extends Float32Array | Float64Array | Uint16Array>(data: A): Promise<A> => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    await model.checkpoint.readInto(parameter.name, 0, bytes)
    return data
  }
  switch (stored) {
    case 'F32':
      return { parameter, dtype: 'f32', data: turn(await fill(new Float32Array(length))) }
    case 'F64':
      return { parameter, dtype: 'f32', data: turn(Float32Array.from(await fill(new Float64Array(length)))) }
    case 'F16':
      return { parameter, dtype: 'f16', data: turn(await fill(new Uint16Array(length))) }
    case 'BF16':
      return { parameter, dtype: 'bf16', data: turn(await fill(new Uint16Array(length))) }
  }
}

/** Puts a read parameter on the device; 16-bit values are widened there. */
export function placeWeight(backend: Backend, { parameter, dtype, data }: HostWeight, as: LoadAs): Tensor {
  const tensor = upload(backend, dtype, parameter.shape, data)
  if (dtype === 'f32' || (as === 'stored' && keptPacked(parameter))) return tensor
  const wide = backend.allocate('f32', parameter.shape)
  backend.kernels.convert(wide, tensor)
  backend.release(tensor)
  return wide
}

/** The element type a parameter is rounded to when it is saved. */
export function storedDType(model: Model, name: string): DType {
  const dtype = storedType(model, name)
  return dtype === 'F16' ? 'f16' : dtype === 'BF16' ? 'bf16' : 'f32'
}

/** Bytes of f32 values [O, I] as the checkpoint stores this parameter: its type, rounded to even, its orientation. */
export function storedBytes(model: Model, name: string, values: Float32Array): Uint8Array<ArrayBuffer> {
  const parameter = model.parameters.get(name)
  if (!parameter || lengthOf(parameter.shape) !== values.length) {
    throw new EngineError('internal', `${values.length} values for ${name}, which has ${parameter?.shape.join(' × ')}`)
  }
  return encode(storedOrder(parameter, values), storedType(model, name))
}

/** Values of a parameter [O, I] in the order in which the checkpoint has them. */
export function storedOrder({ shape, transposed }: Parameter, values: Float32Array): Float32Array {
  const [outputs, inputs] = shape
  return transposed ? transpose(values, outputs, inputs) : values
}

/** Values in a safetensors type. */
export function encode(values: Float32Array, dtype: 'F32' | 'F16' | 'BF16' | 'F64'): Uint8Array<ArrayBuffer> {
  switch (dtype) {
    case 'F32':
      return new Uint8Array(Float32Array.from(values).buffer)
    case 'F64':
      return new Uint8Array(Float64Array.from(values).buffer)
    case 'F16':
      return new Uint8Array(Uint16Array.from(values, f32ToF16).buffer)
    case 'BF16':
      return new Uint8Array(Uint16Array.from(values, f32ToBf16).buffer)
  }
}

/** f32 values of what is on the host. */
export function decode({ dtype, data }: Pick<HostWeight, 'dtype' | 'data'>): Float32Array {
  if (dtype === 'f32') return data as Float32Array
  return Float32Array.from(data, dtype === 'f16' ? f16ToF32 : bf16ToF32)
}
