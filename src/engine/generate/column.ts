// A checkpoint that generates beside others: opened, with its decoder and its tokenizer.
import { openCheckpoint } from '../checkpoint/checkpoint.ts'
import { underMaskOf } from '../checkpoint/maskedCheckpoint.ts'
import type { Backend } from '../compute/backend.ts'
import { computeIn } from '../model/computeIn.ts'
import { createDecoder, type Decoder } from '../model/decoder.ts'
import { kvCacheBytes } from '../model/kvCache.ts'
import { openModel } from '../model/model.ts'
import { largest } from '../../formatting/lists.ts'
import { openTextGenerator, type TextGenerator } from './generateText.ts'
import { roomFor } from './generateTokens.ts'

export interface Column {
  readonly index: number
  readonly decoder: Decoder
  readonly generator: TextGenerator
  close(): Promise<void>
}

interface ColumnOptions {
  readonly index: number
  readonly path: string
  /** A checkpoint whose mask is applied to its weights. */
  readonly mask?: string | null
  readonly prompts: readonly string[]
  readonly maxTokens: number
  readonly memoryBytes: number
  readonly signal?: AbortSignal
}

/** Bytes of the weights as they are stored, from the header alone. */
export async function storedBytes(path: string): Promise<number> {
  const checkpoint = await openCheckpoint(path)
  await checkpoint.close()
  return [...checkpoint.tensors.values()].reduce((sum, { bytes }) => sum + bytes, 0)
}

/** @throws EngineError when the checkpoint or its tokenizer cannot be used. */
export async function openColumn(backend: Backend, options: ColumnOptions): Promise<Column> {
  const { index, path, mask, prompts, maxTokens, memoryBytes, signal } = options
  const checkpoint = await openCheckpoint(path)
  const opened: (() => Promise<void>)[] = [() => checkpoint.close()]
  const close = async () => {
    for (const one of opened.reverse()) await one()
  }
  try {
    const model = openModel(mask ? await underMaskOf(checkpoint, mask) : checkpoint)
    // A token has one character at least.
    const promptTokens = largest(prompts, 0, ({ length }) => length)
    const room = roomFor(model.config, promptTokens, maxTokens)
    const decoder = await createDecoder(computeIn(backend, model, 'auto'), model, {
      memoryBytes: memoryBytes - kvCacheBytes(model.config, room),
      tokensPerPass: room,
      as: 'stored',
    })
    opened.push(() => decoder.close())
    const generator = await openTextGenerator(decoder, signal)
    opened.push(() => generator.close())
    return { index, decoder, generator, close }
  } catch (error) {
    await close()
    throw error
  }
}
