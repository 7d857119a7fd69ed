// Writes a model as one GGUF file, tensor by tensor. The file gets its name only when it is complete.
import { open } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type GgufLayout, type GgufValue, layOutGguf } from '../../catalog/formats/gguf/encodeGguf.ts'
import {
  type GgufSizes,
  type GgufTypeName,
  ggufTypeNames,
  type OutputType,
} from '../../catalog/formats/gguf/ggmlTypes.ts'
import { elementsOf } from '../../catalog/formats/dtypes.ts'
import { writeError } from '../../system/diskErrors.ts'
import { requireSpace, refuseOverlap } from '../checkpoint/outputPlace.ts'
import { openRegular } from '../checkpoint/regularFile.ts'
import { writeAll } from '../checkpoint/shardFiles.ts'
import { makePartial, promoteFile, refuseExisting, removePartial } from '../checkpoint/partialFolder.ts'
import { EngineError, throwIfCancelled } from '../errors.ts'
import { breathe } from '../breathe.ts'
import { checkTiedHead, type Model } from '../model/model.ts'
import { decode, type HostWeight, readWeight } from '../model/weights.ts'
import { ggufTokenizer } from './ggufTokenizer.ts'
import { ggufContents, typed, type TypedTensor } from '../../catalog/families/gguf/ggufContents.ts'
import { ggufKeys, ropeFactors } from '../../catalog/families/gguf/ggufKeys.ts'
import { f32ToBf16, f32ToF16 } from '../dtype.ts'

interface GgufOptions {
  /** Default: the type of the checkpoint's embeddings. */
  readonly type?: GgufTypeName
  /** Set if the user has agreed to replace a file of that name, once the new one is complete. */
  readonly replaces?: boolean
  /** The hidden folder of a run that the file is written into. If set, a killed process may already have finished `to`. */
  readonly partial?: string
  readonly signal?: AbortSignal
  /** `done` and `total` are bytes. */
  readonly onProgress?: (done: number, total: number) => void
}

interface GgufWritten {
  readonly bytes: number
  readonly tensors: number
  readonly warnings: readonly string[]
}

/** Bytes of the file for each type of its matrices, and the checkpoint's own type. @throws as `writeGguf` before it writes. */
export async function ggufSizes(model: Model, signal?: AbortSignal): Promise<GgufSizes> {
  const { checkpoint, config } = model
  const { own } = planGguf(model)
  await checkTiedHead(model)
  const tokenizer = await ggufTokenizer(checkpoint.folder, config.vocabSize, checkpoint.config, signal)
  const sizeAs = (type: GgufTypeName) => {
    const { keys, tensors } = planGguf(model, type)
    return layOutGguf(new Map([...keys, ...tokenizer]), tensors).bytes
  }
  return { own, sizes: ggufTypeNames.map((type) => ({ type, bytes: sizeAs(type) })) }
}

/** Numbers handled at a time where rows stay in order. */
const pieceNumbers = 2 ** 21

/** @throws EngineError 'exists' or 'disk', 'unsupported' for a model or a tokenizer that llama.cpp does not have. */
export async function writeGguf(model: Model, to: string, options: GgufOptions): Promise<GgufWritten> {
  const { checkpoint, config } = model
  await refuseOverlap(to, checkpoint.folder)
  if (!options.replaces && options.partial === undefined) await refuseExisting(to)
  const plan = planGguf(model, options.type)
  await checkTiedHead(model)
  const tokenizer = await ggufTokenizer(checkpoint.folder, config.vocabSize, checkpoint.config, options.signal)
  const layout = layOutGguf(new Map([...plan.keys, ...tokenizer]), plan.tensors)
  const written = { bytes: layout.bytes, tensors: plan.tensors.length, warnings: plan.warnings }
  if (options.partial !== undefined && (await isWhole(to, layout))) {
    await removePartial(options.partial)
    return written
  }
  await requireSpace([{ folder: dirname(resolve(to)), bytes: layout.bytes, what: 'the GGUF file' }])
  const partial = options.partial ?? (await makePartial(to))
  const path = join(partial, basename(to))
  try {
    const handle = await open(path, 'wx')
    try {
      await writeAll(handle, layout.header, 0)
      let done = layout.header.length
      for (const tensor of plan.tensors) {
        let at = layout.places.get(tensor.name)?.start ?? 0
        for await (const piece of piecesOf(model, tensor, options.signal)) {
          await writeAll(handle, piece, at)
          at += piece.length
          options.onProgress?.((done += piece.length), layout.bytes)
        }
      }
      // The file ends with the padding after its last tensor.
      await handle.truncate(layout.bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await promoteFile(path, to, options.replaces === true)
    return written
  } catch (error) {
    throw writeError(error, to)
  } finally {
    await removePartial(partial)
  }
}

/** Whether `to` is this file. Its header and size are enough, since files get their names only when they are complete. */
async function isWhole(to: string, { header, bytes }: GgufLayout): Promise<boolean> {
  const there = await openRegular(to).catch(() => null)
  if (!there) return false
  try {
    if ((await there.stat()).size !== bytes) return false
    const { buffer } = await there.read(Buffer.alloc(header.length), 0, header.length, 0)
    return buffer.equals(header)
  } finally {
    await there.close()
  }
}

/** A tensor's bytes, some rows at a time, or all at once where rows change places. @throws EngineError 'usage' for what F16 cannot hold. */
async function* piecesOf(
  model: Model,
  tensor: PlannedTensor,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { from, shape, order } = tensor
  if (typeof from !== 'string') return yield encodeWeights(tensor.as, Float32Array.from(from))
  const parameter = model.parameters.get(from)
  if (!parameter) throw new EngineError('internal', `${from} is no parameter`)
  // A vector is one column, so `order` moves its elements as it moves the rows of its matrix.
  const columns = shape.length < 2 ? 1 : (shape.at(-1) ?? 1)
  const rows = (elementsOf(shape) ?? 0) / columns
  const step = parameter.transposed || order ? rows : Math.max(1, Math.floor(pieceNumbers / columns))
  for (let start = 0; start < rows; start += step) {
    await breathe(signal)
    throwIfCancelled(signal)
    const weight = await readWeight(model, parameter, { start, end: Math.min(start + step, rows) })
    try {
      yield bytesOf(tensor, order ? { ...weight, data: inOrder(weight.data, columns, order) } : weight)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw new EngineError('usage', `${from}: ${error.message}; write it as bf16 or f32`)
    }
  }
}

/** Numbers whose type changes are converted through F32. */
function bytesOf({ as, plus }: PlannedTensor, weight: Pick<HostWeight, 'dtype' | 'data'>): Uint8Array<ArrayBuffer> {
  const { data, dtype } = weight
  if (plus === 0 && as.toLowerCase() === dtype) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  const numbers = decode(weight)
  return encodeWeights(as, plus === 0 ? numbers : numbers.map((number) => number + plus))
}

/** `data` with its rows reordered: row i of the result is row `order(i)` of `data`. */
function inOrder<A extends HostWeight['data']>(data: A, columns: number, order: (row: number) => number): A {
  const out = data.slice() as A
  for (let row = 0; row < data.length / columns; row++) {
    const from = order(row) * columns
    out.set(data.subarray(from, from + columns), row * columns)
  }
  return out
}

/** llama.cpp's numbers for the type of most tensors in a file (LLAMA_FTYPE). */
const fileTypes: Record<OutputType, number> = { F32: 0, F16: 1, Q8_0: 7, BF16: 32 }

interface PlannedTensor extends Omit<TypedTensor, 'from'> {
  /** Name in the checkpoint, or the numbers themselves. */
  readonly from: string | readonly number[]
}

interface GgufPlan {
  /** The default type of the matrices. */
  readonly own: GgufTypeName
  readonly keys: Map<string, GgufValue>
  readonly tensors: readonly PlannedTensor[]
  /** A sentence each. */
  readonly warnings: readonly string[]
}

/** The file's contents. `given`: type of matrices; the rest is F32. @throws EngineError 'unsupported' with `ggufContents`' reason. */
function planGguf({ config, checkpoint }: Model, given?: GgufTypeName): GgufPlan {
  const contents = ggufContents(config, (name) => checkpoint.tensors.get(name)?.dtype, given)
  if (typeof contents === 'string') throw new EngineError('unsupported', `${checkpoint.folder}: ${contents}`)
  const { family, own, as, tensors, warnings } = contents
  const keys = ggufKeys(config, family)
  keys.set('general.type', { type: 'string', value: 'model' })
  keys.set('general.name', { type: 'string', value: basename(checkpoint.folder) })
  keys.set('general.file_type', { type: 'u32', value: fileTypes[as] })
  keys.set('general.quantization_version', { type: 'u32', value: 2 })
  const factors = [...ropeFactors(config)].map(([name, numbers]): PlannedTensor => ({
    ...{ name, from: numbers, shape: [numbers.length], transposed: false, order: null, plus: 0 },
    ...typed('F32'),
  }))
  return { own, keys, tensors: [...factors, ...tensors], warnings }
}

/** Numbers of whole blocks as the bytes of ggml's types. @throws RangeError for a finite number that F16 cannot hold. */
export function encodeWeights(type: OutputType, numbers: Float32Array): Uint8Array<ArrayBuffer> {
  switch (type) {
    case 'F32':
      return new Uint8Array(new Float32Array(numbers).buffer)
    case 'F16':
      return halves(numbers, toF16)
    case 'BF16':
      return halves(numbers, f32ToBf16)
    case 'Q8_0':
      return q8(numbers)
  }
}

function halves(numbers: Float32Array, encode: (number: number) => number): Uint8Array<ArrayBuffer> {
  const out = new Uint16Array(numbers.length)
  for (let i = 0; i < numbers.length; i++) out[i] = encode(numbers[i])
  return new Uint8Array(out.buffer)
}

function toF16(number: number): number {
  const bits = f32ToF16(number)
  if ((bits & 0x7fff) === 0x7c00 && Number.isFinite(number)) throw new RangeError(`${number} is too large for F16`)
  return bits
}

const block = 32
const blockBytes = 34

/**
 * d = max |w| / 127, stored as f16; q = w / d, rounded half away from zero: ggml's quantize_row_q8_0_ref, in single precision. A
 * zero stays zero.
 */
function q8(numbers: Float32Array): Uint8Array<ArrayBuffer> {
  const count = numbers.length / block
  const out = new Uint8Array(count * blockBytes)
  const view = new DataView(out.buffer)
  for (let b = 0; b < count; b++) {
    const first = b * block
    let most = 0
    for (let i = first; i < first + block; i++) most = Math.max(most, Math.abs(numbers[i]))
    const d = Math.fround(most / 127)
    const inverse = d === 0 ? 0 : Math.fround(1 / d)
    view.setUint16(b * blockBytes, toF16(d), true)
    for (let i = 0; i < block; i++) {
      const scaled = Math.fround(numbers[first + i] * inverse)
      view.setInt8(b * blockBytes + 2 + i, Math.sign(scaled) * Math.round(Math.abs(scaled)))
    }
  }
  return out
}
