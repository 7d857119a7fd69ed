// Writes what a model computes for one batch into a file, for comparison with another framework.
import { rm, stat } from 'node:fs/promises'
import { passTokens } from '../../plan/memory.ts'
import { Arena } from '../compute/arena.ts'
import { type Backend, readF32 } from '../compute/backend.ts'
import { lengthOf, type Tensor } from '../compute/tensor.ts'
import { EngineError } from '../errors.ts'
import { type Batch, rowsOf, targetsOf } from '../model/batch.ts'
import type { Decoder } from '../model/decoder.ts'
import { readLogits } from '../model/head.ts'
import { type PassOptions, stepOf } from '../model/pass.ts'
import { storedOrder } from '../model/weights.ts'
import type { Grads } from '../model/module.ts'
import type { Parameter } from '../../catalog/families/parameters.ts'
import { encodeHeader } from '../../catalog/formats/safetensorsHeader.ts'
import { writeError } from '../../system/diskErrors.ts'
import { createOwn } from '../../system/ownFile.ts'
import { renameOver } from '../../system/atomicFile.ts'

interface RecordOptions {
  readonly path: string
  readonly grads: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (rows: number, total: number) => void
}

interface Recorded {
  /** Mean over the targets that count. */
  readonly loss: number
  readonly numTargets: number
  readonly tensors: readonly F32Tensor[]
}

/**
 * Writes `logits` [B,T,V], `nll` [B,T−1], `loss` [1], `hidden.i` [B,T,C] for i = 0 … numBlocks (input of block 0, output
 * of block i − 1 before the final norm), and with `grads` `grad.<parameter>` in the checkpoint's names and orientation.
 */
export async function recordForward(decoder: Decoder, batch: Batch, options: RecordOptions): Promise<Recorded> {
  const { model } = decoder
  const numTargets = targetsOf(batch).reduce((count, t) => count + (t < 0 ? 0 : 1), 0)
  if (numTargets === 0) {
    throw new EngineError('bad-data', 'no target counts: every label is ignored, or sequences have one token only')
  }
  const tensors = plan(decoder, batch, options.grads)
  const file = await createF32File(options.path, tensors)
  const sink = options.grads ? createGradientSink(decoder.backend, model.parameters) : null
  try {
    const perPass = Math.max(1, Math.floor(passTokens / batch.seqLen))
    let sum = 0
    for (let start = 0; start < batch.batch; start += perPass) {
      const end = Math.min(start + perPass, batch.batch)
      const part = rowsOf(batch, start, end)
      sum += await recordPart(decoder, part, start, { file, sink, numTargets, signal: options.signal })
      options.onProgress?.(end, batch.batch)
    }
    const loss = sum / numTargets
    await file.write('loss', 0, Float32Array.of(loss))
    if (sink) await writeGradients(decoder, file, sink)
    await file.finish()
    return { loss, numTargets, tensors }
  } catch (error) {
    await file.abort()
    throw error
  } finally {
    sink?.close()
  }
}

function plan({ model }: Decoder, { batch, seqLen }: Batch, grads: boolean): F32Tensor[] {
  const { numBlocks, hiddenSize, vocabSize } = model.config
  const tensors: F32Tensor[] = [
    { name: 'logits', shape: [batch, seqLen, vocabSize] },
    { name: 'nll', shape: [batch, seqLen - 1] },
    { name: 'loss', shape: [1] },
  ]
  for (let i = 0; i <= numBlocks; i++) tensors.push({ name: `hidden.${i}`, shape: [batch, seqLen, hiddenSize] })
  if (!grads) return tensors
  for (const { name, shape, transposed } of model.parameters.values()) {
    tensors.push({ name: `grad.${name}`, shape: transposed ? [...shape].reverse() : shape })
  }
  return tensors
}

interface Recording {
  readonly file: F32File
  readonly sink: GradientSink | null
  readonly numTargets: number
  readonly signal?: AbortSignal
}

/** Records `part`, the rows of the whole batch from `first` on; returns the sum of their nll. */
async function recordPart(
  decoder: Decoder,
  part: Batch,
  first: number,
  { file, sink, numTargets, signal }: Recording,
): Promise<number> {
  const { numBlocks, hiddenSize } = decoder.model.config
  const { seqLen } = part
  const pass: PassOptions = {
    signal,
    async onHidden(index, hidden) {
      await file.write(`hidden.${index}`, first * seqLen * hiddenSize, await readF32(decoder.backend, hidden))
      if (index === numBlocks) await writeLogits(decoder, part, first, hidden, file)
    },
  }
  const nll = sink
    ? (await decoder.lossAndGradients(part, sink.grads, { ...pass, targetWeight: 1 / numTargets })).losses
    : (await decoder.forwardNll([part], pass))[0]
  for (let b = 0; b < part.batch; b++) {
    const row = nll.subarray(b * seqLen, (b + 1) * seqLen - 1)
    await file.write('nll', (first + b) * (seqLen - 1), row)
  }
  return nll.reduce((sum, x) => sum + x, 0)
}

async function writeLogits(decoder: Decoder, part: Batch, first: number, hidden: Tensor, file: F32File): Promise<void> {
  const { vocabSize } = decoder.model.config
  using arena = new Arena(decoder.backend)
  await readLogits(stepOf(decoder.backend, arena, part), decoder.ends, hidden, async (row, logits, token, width) => {
    const at = (first * part.seqLen + row) * vocabSize + token
    if (width === vocabSize) return file.write('logits', at, logits)
    for (let r = 0; r * width < logits.length; r++) {
      await file.write('logits', at + r * vocabSize, logits.subarray(r * width, (r + 1) * width))
    }
  })
}

async function writeGradients(decoder: Decoder, file: F32File, sink: GradientSink): Promise<void> {
  for (const [name, parameter] of decoder.model.parameters) {
    const tensor = sink.tensor(name)
    const values = tensor ? await readF32(decoder.backend, tensor) : new Float32Array(lengthOf(parameter.shape))
    await file.write(`grad.${name}`, 0, storedOrder(parameter, values))
  }
}

/** Gradients of every parameter of a model, each allocated (as zeros) when a backward first needs it. */
interface GradientSink {
  readonly grads: Grads
  /** null where no backward needed it: an expert without tokens. */
  tensor(name: string): Tensor | null
  close(): void
}

export function createGradientSink(backend: Backend, parameters: ReadonlyMap<string, Parameter>): GradientSink {
  const tensors = new Map<string, Tensor>()
  const of = (name: string): Tensor | null => {
    const known = tensors.get(name)
    const parameter = parameters.get(name)
    if (known || !parameter) return known ?? null
    const tensor = backend.allocate('f32', parameter.shape)
    backend.kernels.fill(tensor, 0)
    tensors.set(name, tensor)
    return tensor
  }
  return {
    grads: { of },
    tensor: (name) => tensors.get(name) ?? null,
    close() {
      for (const tensor of tensors.values()) backend.release(tensor)
      tensors.clear()
    },
  }
}

// A safetensors file of F32 tensors whose values come piece by piece, in any order.

interface F32Tensor {
  readonly name: string
  readonly shape: readonly number[]
}

interface F32File {
  /** Puts values at element `start` of a tensor. */
  write(name: string, start: number, values: Float32Array): Promise<void>
  /** Renames the file to its final name, replacing any file of this name. */
  finish(): Promise<void>
  /** Removes the file. */
  abort(): Promise<void>
}

const bytesPerElement = 4

/** @throws EngineError 'disk' or 'usage' when the place cannot be written to. */
export async function createF32File(path: string, tensors: readonly F32Tensor[]): Promise<F32File> {
  let end = 0
  const starts = new Map<string, number>()
  const infos = tensors.map(({ name, shape }) => {
    const start = end
    end += bytesPerElement * shape.reduce((a, b) => a * b, 1)
    starts.set(name, start)
    return { name, dtype: 'F32' as const, shape, start, end }
  })
  const header = encodeHeader({ tensors: infos, metadata: new Map() })
  const temporary = `${path}.${process.pid}.partial`
  const withPath = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw writeError(error, path)
    })
  if ((await stat(path).catch(() => null))?.isDirectory())
    throw new EngineError('usage', `${path} is a folder; add the name of a file`)
  const file = await withPath(createOwn(temporary))
  const abort = async () => {
    await file.close().catch(() => undefined)
    await rm(temporary, { force: true })
  }
  try {
    await withPath(file.write(header, 0, header.length, 0))
    await withPath(file.truncate(header.length + end))
  } catch (error) {
    await abort()
    throw error
  }
  return {
    async write(name, start, values) {
      const from = starts.get(name)
      if (from === undefined) throw new EngineError('internal', `${name} is not in the file's plan`)
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
      await withPath(file.write(bytes, 0, bytes.length, header.length + from + bytesPerElement * start))
    },
    async finish() {
      await withPath(file.sync())
      await withPath(file.close())
      await withPath(renameOver(temporary, path))
    },
    abort,
  }
}
