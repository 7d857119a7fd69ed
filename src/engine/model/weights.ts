// Weights between the checkpoint's bytes and the device: typed reads, transposition of Conv1D, conversion on the device.
import { bf16ToF32, type DType, f16ToF32, f32ToBf16, f32ToF16 } from '../dtype.ts'
import { EngineError } from '../errors.ts'
import { type Backend, upload } from '../compute/backend.ts'
import { lengthOf, rows, type Tensor } from '../compute/tensor.ts'
import type { Parameter } from '../../catalog/families/parameters.ts'
import type { Model } from './model.ts'
import { rangesOf, type RowRange } from './module.ts'

/** `f32`: all weights are f32 on the device. `stored`: 16-bit weights stay 16-bit there. */
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

/** Reads a parameter, or rows [start, end) of one that the file stores as [O, I]. */
export async function readWeight(model: Model, parameter: Parameter, range?: RowRange): Promise<HostWeight> {
  const stored = storedType(model, parameter.name)
  const width = lengthOf(parameter.shape) / parameter.shape[0]
  const { start, end } = range ?? { start: 0, end: parameter.shape[0] }
  const length = (end - start) * width
  const oriented = <A extends Float32Array | Uint16Array>(data: A): A => {
    const [outputs, inputs] = parameter.shape
    return parameter.transposed ? transpose(data, inputs, outputs) : data
  }
  const read = async <A extends Float32Array | Float64Array | Uint16Array>(data: A): Promise<A> => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    await model.checkpoint.readInto(parameter.name, start * width * data.BYTES_PER_ELEMENT, bytes)
    return data
  }
  switch (stored) {
    case 'F32':
      return { parameter, dtype: 'f32', data: oriented(await read(new Float32Array(length))) }
    case 'F64':
      return { parameter, dtype: 'f32', data: oriented(new Float32Array(await read(new Float64Array(length)))) }
    case 'F16':
      return { parameter, dtype: 'f16', data: oriented(await read(new Uint16Array(length))) }
    case 'BF16':
      return { parameter, dtype: 'bf16', data: oriented(await read(new Uint16Array(length))) }
  }
}

/** Memory for a parameter on the device, in the type it is computed with. */
export function allocateWeight(backend: Backend, model: Model, parameter: Parameter, as: LoadAs): Tensor {
  const packed = as === 'stored' && keptPacked(parameter)
  return backend.allocate(packed ? storedDType(model, parameter.name) : 'f32', parameter.shape)
}

/** Writes a weight into a tensor on the device (or a view of rows), which takes over `data`. 16-bit values are widened if it is f32. */
export function placeWeight(backend: Backend, target: Tensor, { dtype, data }: HostWeight): void {
  if (dtype === target.dtype) return backend.write(target, data, true)
  const packed = upload(backend, dtype, target.shape, data, true)
  backend.kernels.convert(target, packed)
  backend.release(packed)
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
      return new Uint8Array(new Float32Array(values).buffer)
    case 'F64':
      return new Uint8Array(new Float64Array(values).buffer)
    case 'F16':
      return new Uint8Array(fill(new Uint16Array(values.length), values, f32ToF16).buffer)
    case 'BF16':
      return new Uint8Array(fill(new Uint16Array(values.length), values, f32ToBf16).buffer)
  }
}

/** f32 values of a parameter on the host. */
export function decode({ dtype, data }: Pick<HostWeight, 'dtype' | 'data'>): Float32Array {
  if (data instanceof Float32Array) return data
  return fill(new Float32Array(data.length), data, dtype === 'f16' ? f16ToF32 : bf16ToF32)
}

/** f32 values of a parameter [O, I], or of some of its rows, by its name. */
export async function readValues(model: Model, name: string, range?: RowRange): Promise<Float32Array> {
  const parameter = model.parameters.get(name)
  if (!parameter) throw new EngineError('internal', `${name} is no parameter of this model`)
  return decode(await readWeight(model, parameter, range))
}

/** out[i] = f(values[i]). A loop: TypedArray.from is ten times slower. */
function fill<A extends Float32Array | Uint16Array>(out: A, values: ArrayLike<number>, f: (x: number) => number): A {
  for (let i = 0; i < out.length; i++) out[i] = f(values[i])
  return out
}

/** Rows and columns of a tile that stays in the cache. */
const tile = 32

/** [columns, rows] out of [rows, columns]. */
export function transpose<A extends Float32Array | Uint16Array>(data: A, rows: number, columns: number): A {
  const out = new (data.constructor as new (length: number) => A)(data.length)
  for (let top = 0; top < rows; top += tile) {
    const bottom = Math.min(top + tile, rows)
    for (let left = 0; left < columns; left += tile) {
      const right = Math.min(left + tile, columns)
      for (let r = top; r < bottom; r++) for (let c = left; c < right; c++) out[c * rows + r] = data[r * columns + c]
    }
  }
  return out
}

/** Number of reads under way at once. */
const ahead = 3

/**
 * Results of `read` in the order of `items`, a few read ahead so that disk and device overlap. After an error, pending reads are awaited.
 */
export async function* readInOrder<I, R>(items: readonly I[], read: (item: I) => Promise<R>): AsyncGenerator<R> {
  const pending: Promise<R>[] = []
  let next = 0
  try {
    for (let done = 0; done < items.length; done++) {
      while (next < items.length && pending.length < ahead) pending.push(begin(read(items[next++])))
      const first = pending.shift()
      if (first) yield await first
    }
  } finally {
    await Promise.allSettled(pending)
  }
}

/** A read that fails before it is awaited is reported when it is awaited, not as unhandled. */
function begin<R>(reading: Promise<R>): Promise<R> {
  reading.catch(() => undefined)
  return reading
}

/** Most bytes of one read: the host never holds a whole large table. A few reads run at once. */
const defaultPieceBytes = 32 * 2 ** 20

/** Rows of a parameter that have a tensor of their own. */
export interface Part {
  readonly parameter: Parameter
  readonly range: RowRange
}

interface Piece extends Part {
  /** Index of the part that the piece belongs to. */
  readonly part: number
}

/** Loads parameters whole, by name; on an error nothing stays allocated. */
export async function loadParameters(
  backend: Backend,
  model: Model,
  parameters: readonly Parameter[],
  as: LoadAs,
  pieceBytes = defaultPieceBytes,
): Promise<Map<string, Tensor>> {
  const parts = parameters.map((parameter) => ({ parameter, range: { start: 0, end: parameter.shape[0] } }))
  const tensors = await loadParts(backend, model, parts, as, pieceBytes)
  return new Map(parameters.map(({ name }, i) => [name, tensors[i]]))
}

/** The tensor of each part; on an error nothing stays allocated. */
export async function loadParts(
  backend: Backend,
  model: Model,
  parts: readonly Part[],
  as: LoadAs,
  pieceBytes = defaultPieceBytes,
): Promise<Tensor[]> {
  const tensors: Tensor[] = []
  const pieces = parts.flatMap((part, i) => piecesOf(model, part, i, pieceBytes))
  const read = async (piece: Piece) => ({ piece, host: await readWeight(model, piece.parameter, piece.range) })
  try {
    for await (const { piece, host } of readInOrder(pieces, read)) {
      const { parameter, range } = parts[piece.part]
      const shape = [range.end - range.start, ...parameter.shape.slice(1)]
      const tensor = (tensors[piece.part] ??= allocateWeight(backend, model, { ...parameter, shape }, as))
      placeWeight(backend, rows(tensor, piece.range.start - range.start, piece.range.end - range.start), host)
      await backend.written?.()
    }
    return tensors
  } catch (error) {
    for (const tensor of tensors) backend.release(tensor)
    throw error
  }
}

/** Row ranges of a part; a parameter that is transposed while it is read is a single range. */
function piecesOf(model: Model, { parameter, range }: Part, part: number, pieceBytes: number): Piece[] {
  const numRows = range.end - range.start
  const rowBytes = hostBytes(model, parameter) / parameter.shape[0]
  const step = parameter.transposed ? numRows : Math.max(1, Math.floor(pieceBytes / rowBytes))
  return rangesOf(numRows, step).map(({ start, end }) => {
    return { parameter, part, range: { start: range.start + start, end: range.start + end } }
  })
}
