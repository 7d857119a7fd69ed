// Greedy generation from the same prompts in several checkpoints; the first gives its own probability of every token.
// If all fit into memory, they generate together, one token each in turn; else one after the other, and the first is reopened to score.
import type { TriedToken, TryProgress, Turn } from '../../protocol/tryOut.ts'
import type { Backend, Precision } from '../compute/backend.ts'
import { EngineError, isOutOfMemory, throwIfCancelled } from '../errors.ts'
import { createDecoder, type Decoder } from '../model/decoder.ts'
import { planWithLess } from '../compute/planWithLess.ts'
import { openTextGenerator, type TextGenerator, type TextToken } from './generateText.ts'
import { logProbability, roomFor } from './generateTokens.ts'
import { openCheckpoint } from '../checkpoint/checkpoint.ts'
import { underMaskOf } from '../checkpoint/maskedCheckpoint.ts'
import { computeIn } from '../model/computeIn.ts'
import { kvCacheBytes } from '../model/kvCache.ts'
import { openModel } from '../model/model.ts'
import { openTokenizer, type Tokenizer } from '../text/tokenizer.ts'

interface SideBySide {
  readonly models: readonly string[]
  /** For each model, a checkpoint whose `sparsescope.mask` is applied to the model, or null. */
  readonly masks?: readonly (string | null)[]
  readonly prompts: readonly string[]
  /** Earlier turns of a conversation, in which each prompt comes next; undefined: the prompts are continued as they are. */
  readonly turns?: readonly Turn[]
  readonly maxTokens: number
  readonly memoryBytes: number
  readonly signal?: AbortSignal
  readonly onProgress: (progress: TryProgress) => void
}

/** Number of alternatives given with each token. */
const alternatives = 5
/** Share of the memory for weights: the rest is for activations, and for keys and values. */
const weightShare = 0.7

/** The text that a column generated after a prompt. */
interface Written {
  readonly column: number
  readonly prompt: number
  readonly ids: Int32Array<ArrayBuffer>
  readonly tokens: readonly number[]
  /** Ids of the prompt alone, joined into a string that tells whether two tokenizers agree. */
  readonly promptIds: string
}

const remedy = 'try shorter prompts or fewer new tokens'

/** A request in progress. */
interface Trying extends SideBySide {
  readonly backend: Backend
  /** Columns that have reported tokens, which cannot be taken back. */
  readonly wrote: Set<number>
  readonly failed: Set<number>
  /** Each prompt's own ids by the first checkpoint's tokenizer. */
  readonly firstIds: Map<number, string>
}

/** Columns that are open together. */
interface Group {
  readonly indices: readonly number[]
  /** Columns that do not fit on the device beside the others and have no output yet: each is tried alone. */
  readonly withoutRoom: Set<number>
}

/**
 * A checkpoint that cannot be used is reported, and the others continue. Returns a description of the device and the precision of its products.
 * @throws EngineError 'cancelled'.
 */
export async function writeSideBySide(backend: Backend, request: SideBySide): Promise<string> {
  const [wrote, failed] = [new Set<number>(), new Set<number>()]
  const onProgress: SideBySide['onProgress'] = (progress) => {
    if (progress.type === 'token') wrote.add(progress.column)
    if (progress.type === 'failed') failed.add(progress.column)
    request.onProgress(progress)
  }
  const trying: Trying = { ...request, onProgress, backend, wrote, failed, firstIds: new Map() }
  const indices = request.models.map((_, column) => column)
  const groups = (await fitTogether(trying)) ? [indices] : indices.map((column) => [column])
  const unjudged: Written[] = []
  const devices = new Map<Precision, string>()
  for (const group of groups) {
    const [written, withoutRoom] = await writeGroup(trying, group, devices)
    unjudged.push(...written)
    groups.push(...withoutRoom.map((column) => [column]))
  }
  if (unjudged.length > 0 && !failed.has(0)) await judgeByFirst(trying, unjudged)
  const [device = backend.info.description] = devices.values()
  return devices.size > 1
    ? `${backend.info.description}, products in ${[...devices.keys()].sort().join(' or ')}`
    : device
}

/** The budget, but at most the device's present limit, which a plan with less memory may have lowered. */
function memoryOf({ backend, memoryBytes }: Trying): number {
  return Math.min(memoryBytes, backend.memory().limitBytes)
}

async function fitTogether(trying: Trying): Promise<boolean> {
  const sizes = await Promise.all(trying.models.map((path) => storedBytes(path).catch(() => 0)))
  return sizes.reduce((a, b) => a + b, 0) <= weightShare * memoryOf(trying)
}

/** Runs all prompts in some columns. Returns the texts that the first column has not scored yet, and the columns to be tried alone. */
async function writeGroup(
  trying: Trying,
  indices: readonly number[],
  devices: Map<Precision, string>,
): Promise<[Written[], number[]]> {
  const unjudged: Written[] = []
  const withoutRoom = new Set<number>()
  const body = async () => {
    const group = { indices, withoutRoom }
    const columns = await openAll(trying, group)
    try {
      for (const { decoder } of columns) devices.set(decoder.backend.precision, decoder.backend.info.description)
      for (const [prompt, text] of trying.prompts.entries()) {
        const able = columns.filter(({ index }) => !withoutRoom.has(index))
        const written = await generateTogether(trying, group, able, prompt, text)
        const first = able.find(({ index }) => index === 0)
        if (!first || !(await couldJudge(first, written, trying))) unjudged.push(...written)
      }
    } finally {
      for (const column of columns) await column.close()
    }
  }
  const [alone] = indices
  await withLess(trying, alone, body, () => !trying.wrote.has(alone))
  return [unjudged, [...withoutRoom]]
}

/** Scores texts by the first column. Returns false where the device has no room for this beside the other columns. */
async function couldJudge(first: Column, written: readonly Written[], trying: Trying): Promise<boolean> {
  try {
    await judge(first.decoder, written, trying)
    return true
  } catch (error) {
    if (isOutOfMemory(error)) return false
    throw error
  }
}

/** Scores texts by the first checkpoint, which is opened once more, alone. */
async function judgeByFirst(trying: Trying, written: readonly Written[]): Promise<void> {
  const body = async () => {
    // With an empty `wrote`, `refuse` throws 'out-of-memory' although the column has text, and scoring is tried again with less.
    const [first] = await openAll({ ...trying, wrote: new Set() }, { indices: [0], withoutRoom: new Set() })
    if (!first) return
    try {
      await judge(first.decoder, written, trying)
    } finally {
      await first.close()
    }
  }
  await withLess(trying, 0, body)
}

/** As `planWithLess`. If memory runs out all the same, the column is reported as failed. */
async function withLess(
  { backend, onProgress }: Trying,
  column: number,
  body: () => Promise<void>,
  mayRepeat?: () => boolean,
): Promise<void> {
  try {
    await planWithLess(backend, body, { remedy, mayRepeat })
  } catch (error) {
    if (!isOutOfMemory(error)) throw error
    onProgress({ type: 'failed', column, message: error.message })
  }
}

async function openAll(trying: Trying, group: Group): Promise<Column[]> {
  const { backend, models, masks, signal, onProgress } = trying
  const memoryBytes = memoryOf(trying) / group.indices.length
  const columns: Column[] = []
  try {
    for (const index of group.indices) {
      throwIfCancelled(signal)
      onProgress({ type: 'opening', column: index })
      const [path, mask] = [models[index], masks?.[index]]
      try {
        columns.push(await openColumn(backend, { ...trying, index, path, mask, memoryBytes }))
      } catch (error) {
        refuse(error, index, trying, group)
      }
    }
    return columns
  } catch (error) {
    for (const column of columns) await column.close()
    throw error
  }
}

/** A column that is generating. */
interface Generating {
  readonly column: number
  readonly tokens: number[]
  readonly made: AsyncGenerator<TextToken, string>
  /** Milliseconds that the tokens of this column took. */
  ms: number
}

/** Generates one token in each column in turn, until all have ended. */
async function generateTogether(
  trying: Trying,
  group: Group,
  columns: readonly Column[],
  prompt: number,
  text: string,
): Promise<Written[]> {
  const { maxTokens, signal, onProgress } = trying
  const written: Written[] = []
  let writing: Generating[] = []
  try {
    for (const { index: column, generator, texts } of columns) {
      try {
        const own = await generator.encode(text, signal)
        const ids = trying.turns ? await generator.encode(texts[prompt], signal, false) : own
        const tokens: number[] = []
        const promptIds = own.join()
        if (column === 0) trying.firstIds.set(prompt, promptIds)
        written.push({ column, prompt, ids, tokens, promptIds })
        const options = { maxTokens, temperature: 0, topP: 1, seed: 0, alternatives, signal }
        writing.push({ column, tokens, made: generator.stream(ids, options), ms: 0 })
      } catch (error) {
        refuse(error, column, trying, group)
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
            onProgress({ type: 'end', column, prompt, rest: value, seconds: one.ms / 1000 })
            continue
          }
          tokens.push(value.id)
          onProgress({ type: 'token', column, prompt, token: shown(value) })
          still.push(one)
        } catch (error) {
          refuse(error, column, trying, group)
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
async function judge(
  decoder: Decoder,
  written: readonly Written[],
  { firstIds, signal, onProgress }: Trying,
): Promise<void> {
  const { vocabSize } = decoder.model.config
  for (const { column, prompt, ids, tokens, promptIds } of written) {
    const fits = firstIds.get(prompt) === promptIds && [...ids, ...tokens].every((id) => id < vocabSize)
    const logProbabilities = fits ? await scored(decoder, ids, tokens, signal) : null
    onProgress({ type: 'judged', column, prompt, logProbabilities })
  }
}

async function scored(decoder: Decoder, ids: Int32Array, tokens: readonly number[], signal?: AbortSignal) {
  const all = Int32Array.from([...ids, ...tokens])
  const batch = { batch: 1, seqLen: all.length, ids: all, mask: null, labels: null }
  const [nll] = await decoder.forwardNll([batch], { signal })
  return tokens.map((_, i) => -nll[ids.length - 1 + i])
}

/** Reports a failed column, or marks it to be tried alone. @throws errors that end all columns, and 'out-of-memory' of a lone column. */
function refuse(error: unknown, column: number, { backend, wrote, onProgress }: Trying, group: Group): void {
  if (!(error instanceof EngineError) || error.code === 'cancelled') throw error
  if (isOutOfMemory(error) && backend.planWithLess && !wrote.has(column)) {
    if (group.indices.length === 1) throw error
    group.withoutRoom.add(column)
  } else onProgress({ type: 'failed', column, message: error.message })
}

/** A column's conversation, with its own answers, as its chat template writes it up to the next answer. */
async function chatText(
  tokenizer: Tokenizer,
  turns: readonly Turn[],
  column: number,
  content: string,
  signal?: AbortSignal,
): Promise<string> {
  const earlier = turns.flatMap(({ prompt, answers }) => [
    { role: 'user', content: prompt },
    { role: 'assistant', content: answers[column] },
  ])
  const messages = [...earlier, { role: 'user', content }]
  return (await tokenizer.chat(messages, { where: 'the prompt', reply: true, signal })).text
}

// A checkpoint that generates beside others: opened, with its decoder and its tokenizer.
interface Column {
  readonly index: number
  readonly decoder: Decoder
  readonly generator: TextGenerator
  /** Each prompt as this model gets it: within its conversation, where there is one. */
  readonly texts: readonly string[]
  close(): Promise<void>
}

interface ColumnOptions extends Omit<SideBySide, 'models' | 'masks' | 'onProgress'> {
  readonly index: number
  readonly path: string
  /** A checkpoint whose mask is applied to its weights. */
  readonly mask?: string | null
}

/** Bytes of the weights as they are stored, from the header alone. */
async function storedBytes(path: string): Promise<number> {
  const checkpoint = await openCheckpoint(path)
  await checkpoint.close()
  return [...checkpoint.tensors.values()].reduce((sum, { bytes }) => sum + bytes, 0)
}

/** @throws EngineError when the checkpoint or its tokenizer cannot be used. */
async function openColumn(backend: Backend, options: ColumnOptions): Promise<Column> {
  const { index, path, mask, prompts, turns, maxTokens, memoryBytes, signal } = options
  const checkpoint = await openCheckpoint(path)
  const opened: (() => Promise<void>)[] = [() => checkpoint.close()]
  const close = async () => {
    for (const one of opened.reverse()) await one()
  }
  try {
    const model = openModel(mask ? await underMaskOf(checkpoint, mask) : checkpoint)
    const tokenizer = await openTokenizer(checkpoint.folder, { signal })
    opened.push(() => tokenizer.close())
    const texts: string[] = []
    for (const prompt of prompts) texts.push(turns ? await chatText(tokenizer, turns, index, prompt, signal) : prompt)
    let promptTokens = 0
    for (const text of texts)
      promptTokens = Math.max(promptTokens, (await tokenizer.encode(text, { signal, special: !turns })).length)
    const room = roomFor(model.config, promptTokens, maxTokens)
    const decoder = await createDecoder(computeIn(backend, model, 'auto'), model, {
      memoryBytes: memoryBytes - kvCacheBytes(model.config, room),
      tokensPerPass: room,
      as: 'stored',
    })
    opened.push(() => decoder.close())
    const generator = await openTextGenerator(decoder, signal, tokenizer)
    return { index, decoder, generator, texts, close }
  } catch (error) {
    await close()
    throw error
  }
}
