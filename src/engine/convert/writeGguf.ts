// Writes a model as one GGUF file, a tensor after another: whole, or not at all.
import { open, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { layOutGguf, type GgufLayout } from '../../catalog/formats/gguf/encodeGguf.ts'
import { ggufTypeNames, type GgufSizes, type GgufTypeName } from '../../catalog/formats/gguf/ggmlTypes.ts'
import { elementsOf } from '../../catalog/formats/dtypes.ts'
import { writeError } from '../../system/diskErrors.ts'
import { requireSpace } from '../checkpoint/diskSpace.ts'
import { openRegular } from '../checkpoint/regularFile.ts'
import { makePartial, promoteFile, refuseExisting, removePartial } from '../checkpoint/partialFolder.ts'
import { refuseOverlap } from '../checkpoint/outputPlace.ts'
import { EngineError, throwIfCancelled } from '../errors.ts'
import { breathe } from '../breathe.ts'
import type { Model } from '../model/model.ts'
import { checkTiedHead } from '../model/tiedHead.ts'
import { decode, readWeight, type HostWeight } from '../model/weightIo.ts'
import { encodeWeights } from './encodeWeights.ts'
import { ggufTokenizer } from './ggufTokenizer.ts'
import { planGguf, type PlannedTensor } from './ggufPlan.ts'

export interface GgufOptions {
  /** Default: the type of the checkpoint's embeddings. */
  readonly type?: GgufTypeName
  /** A person has agreed that a file of that name goes, once the new one is whole. */
  readonly replaces?: boolean
  /** The hidden folder of a run in which the file takes shape; the file may have been finished by the process before, which was killed. */
  readonly partial?: string
  readonly signal?: AbortSignal
  /** `done` and `total` are bytes. */
  readonly onProgress?: (done: number, total: number) => void
}

export interface GgufWritten {
  readonly bytes: number
  readonly tensors: number
  readonly warnings: readonly string[]
}

/** What the file takes by the type of its matrices, and which of them is the checkpoint's own. @throws as `writeGguf`, before anything is written. */
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
      // Padding behind the last tensor belongs to the file.
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

/** Whether `to` is this file: files get their names when they are whole, so that its beginning and its size tell. */
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
  // A vector is a column, whose rows change places as those of its matrix do.
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

/** In another type than the checkpoint's the numbers go through F32. */
function bytesOf({ as, plus }: PlannedTensor, weight: Pick<HostWeight, 'dtype' | 'data'>): Uint8Array<ArrayBuffer> {
  const { data, dtype } = weight
  if (plus === 0 && as.toLowerCase() === dtype) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  const numbers = decode(weight)
  return encodeWeights(as, plus === 0 ? numbers : numbers.map((number) => number + plus))
}

/** Row i is row `order(i)` of `data`. */
function inOrder<A extends HostWeight['data']>(data: A, columns: number, order: (row: number) => number): A {
  const out = data.slice() as A
  for (let row = 0; row < data.length / columns; row++) {
    const from = order(row) * columns
    out.set(data.subarray(from, from + columns), row * columns)
  }
  return out
}

async function writeAll(handle: FileHandle, data: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < data.length;)
    done += (await handle.write(data, done, data.length - done, position + done)).bytesWritten
}
