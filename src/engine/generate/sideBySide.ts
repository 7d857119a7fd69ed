// The same prompts in several checkpoints, always the likeliest token; the first checkpoint says how likely each token is to it.
// Where all fit the memory they write in turns, a token each; else one after the other, and the first is opened again to judge.
import type { TriedToken, TryProgress } from '../../shared/protocol/tryOut.ts'
import type { Backend, Precision } from '../compute/backend.ts'
import { EngineError, throwIfCancelled } from '../errors.ts'
import type { Decoder } from '../model/decoder.ts'
import { openColumn, storedBytes, type Column } from './column.ts'
import type { TextToken } from './generateText.ts'
import { logProbability } from './logProbabilities.ts'

export interface SideBySide {
  readonly models: readonly string[]
  /** By model: a checkpoint whose `sparsescope.mask` is laid over it; null: none. */
  readonly masks?: readonly (string | null)[]
  readonly prompts: readonly string[]
  readonly maxTokens: number
  readonly memoryBytes: number
  readonly signal?: AbortSignal
  readonly tell: (progress: TryProgress) => void
}

/** Alternatives that are told with each token. */
const alternatives = 5
/** Of the memory, for weights: the rest is for activations, and for keys and values. */
const weightShare = 0.7

/** What a column wrote after a prompt. */
interface Written {
  readonly column: number
  readonly prompt: number
  readonly ids: Int32Array<ArrayBuffer>
  readonly tokens: readonly number[]
}

/**
 * A checkpoint that cannot be used is told, and the others go on. Returns in words what computed, the precision of the products included.
 * @throws EngineError 'cancelled'.
 */
export async function writeSideBySide(backend: Backend, request: SideBySide): Promise<string> {
  const { models, prompts, memoryBytes } = request
  const sizes = await Promise.all(models.map((path) => storedBytes(path).catch(() => 0)))
  const total = sizes.reduce((a, b) => a + b, 0)
  const together = total <= weightShare * memoryBytes
  const indices = models.map((_, column) => column)
  const groups = together ? [indices] : indices.map((column) => [column])
  const unjudged: Written[] = []
  const devices = new Map<Precision, string>()
  for (const group of groups) {
    const columns = await openAll(backend, request, group, memoryBytes / group.length)
    try {
      for (const { decoder } of columns) devices.set(decoder.backend.precision, decoder.backend.info.description)
      for (const [prompt, text] of prompts.entries()) {
        const written = await inTurns(columns, prompt, text, request)
        if (together && columns[0]?.index === 0) await judge(columns[0].decoder, written, request)
        else unjudged.push(...written)
      }
    } finally {
      for (const column of columns) await column.close()
    }
  }
  if (unjudged.length > 0 && !together) await judgeByFirst(backend, request, unjudged)
  const [device = backend.info.description] = devices.values()
  return devices.size > 1
    ? `${backend.info.description}, products in ${[...devices.keys()].sort().join(' or ')}`
    : device
}

/** The first checkpoint, opened once more. */
async function judgeByFirst(backend: Backend, request: SideBySide, written: readonly Written[]): Promise<void> {
  const [first] = await openAll(backend, request, [0], request.memoryBytes)
  if (!first) return
  try {
    await judge(first.decoder, written, request)
  } finally {
    await first.close()
  }
}

async function openAll(
  backend: Backend,
  { models, masks, prompts, maxTokens, signal, tell }: SideBySide,
  group: readonly number[],
  memoryBytes: number,
): Promise<Column[]> {
  const columns: Column[] = []
  for (const index of group) {
    throwIfCancelled(signal)
    tell({ type: 'opening', column: index })
    try {
      columns.push(
        await openColumn(backend, {
          index,
          path: models[index],
          mask: masks?.[index],
          prompts,
          maxTokens,
          memoryBytes,
          signal,
        }),
      )
    } catch (error) {
      told(error, index, tell)
    }
  }
  return columns
}

interface Writing {
  readonly column: number
  readonly tokens: number[]
  readonly made: AsyncGenerator<TextToken, string>
  /** Of its own, the others' turns left out. */
  ms: number
}

/** A token of each in turn, until all have ended. */
async function inTurns(
  columns: readonly Column[],
  prompt: number,
  text: string,
  { maxTokens, signal, tell }: SideBySide,
): Promise<Written[]> {
  const written: Written[] = []
  let writing: Writing[] = []
  try {
    for (const { index: column, generator } of columns) {
      try {
        const ids = await generator.encode(text, signal)
        const tokens: number[] = []
        written.push({ column, prompt, ids, tokens })
        const options = { maxTokens, temperature: 0, topP: 1, seed: 0, alternatives, signal }
        writing.push({ column, tokens, made: generator.stream(ids, options), ms: 0 })
      } catch (error) {
        told(error, column, tell)
      }
    }
    while (writing.length > 0) {
      const still: typeof writing = []
      for (const one of writing) {
        const { column, tokens, made } = one
        try {
          const began = performance.now()
          const { done, value } = await made.next()
          one.ms += performance.now() - began
          if (done) {
            tell({ type: 'end', column, prompt, rest: value, seconds: one.ms / 1000 })
            continue
          }
          tokens.push(value.id)
          tell({ type: 'token', column, prompt, token: shown(value) })
          still.push(one)
        } catch (error) {
          told(error, column, tell)
        }
      }
      writing = still
    }
  } finally {
    for (const { made } of writing) await made.return('')
  }
  return written.filter(({ tokens }) => tokens.length > 0)
}

function shown({ id, piece, logits, alternatives: likely }: TextToken): TriedToken {
  const others = likely.map((one) => ({ piece: one.piece, logProbability: one.logProbability }))
  return { id, piece, logProbability: logProbability(logits, id), alternatives: others }
}

/** Log-probabilities of all tokens by the first model, where its tokenizer makes the same ids of the prompt. */
async function judge(decoder: Decoder, written: readonly Written[], { signal, tell }: SideBySide): Promise<void> {
  const first = new Map(written.filter(({ column }) => column === 0).map(({ prompt, ids }) => [prompt, ids.join()]))
  const { vocabSize } = decoder.model.config
  for (const { column, prompt, ids, tokens } of written) {
    const fits = first.get(prompt) === ids.join() && tokens.every((id) => id < vocabSize)
    const logProbabilities = fits ? await scored(decoder, ids, tokens, signal) : null
    tell({ type: 'judged', column, prompt, logProbabilities })
  }
}

async function scored(decoder: Decoder, ids: Int32Array, tokens: readonly number[], signal?: AbortSignal) {
  const all = Int32Array.from([...ids, ...tokens])
  const batch = { batch: 1, seqLen: all.length, ids: all, mask: null, labels: null }
  const [nll] = await decoder.forwardNll([batch], { signal })
  return tokens.map((_, i) => -nll[ids.length - 1 + i])
}

/** @throws what ends all columns. */
function told(error: unknown, column: number, tell: SideBySide['tell']): void {
  if (!(error instanceof EngineError) || error.code === 'cancelled') throw error
  tell({ type: 'failed', column, message: error.message })
}
