// The tokenizer's thread as seen from outside: one question at a time, each with a time limit and an end by Ctrl-C.
import type { Worker } from 'node:worker_threads'
import { EngineError, throwIfCancelled } from '../errors.ts'
import { startWorker } from '../../system/startWorker.ts'
import type { ChatRequest, RenderedChat } from './renderChat.ts'
import type { DecodeRequest, EncodeRequest, FromTokenizer } from './tokenizerWorker.ts'
import type { TokenizerFiles } from './wordEncoder.ts'

export interface TokenizerThread {
  /** Pattern of the places at which a long text may be cut (`safeCuts`); null where it may not. */
  readonly cuts: string | null
  encode(request: EncodeRequest, signal?: AbortSignal): Promise<Int32Array<ArrayBuffer>>
  decode(ids: readonly number[], signal?: AbortSignal): Promise<string>
  chat(request: ChatRequest, signal?: AbortSignal): Promise<RenderedChat>
  /** Ends the thread, whatever it is doing. */
  close(): Promise<void>
}

/** Time limit of a piece in milliseconds. A piece takes a tenth of a second, more on a slow or busy machine. */
const leastLimitMs = 20_000
/** Milliseconds added to the limit for each character of the text: a hundred times what a character takes. */
const limitMsPerCharacter = 0.1

/** @throws EngineError 'bad-config' for a tokenizer that cannot be used, or is not ready in time. */
export async function startTokenizer(
  files: TokenizerFiles,
  limitMs = leastLimitMs,
  signal?: AbortSignal,
): Promise<TokenizerThread> {
  throwIfCancelled(signal)
  const worker = startWorker(import.meta.url, './tokenizerWorker.ts', 'tokenizerWorker', { workerData: files })
  const bytes = files.tokenizer.length + (files.config?.length ?? 0)
  let ended = false
  const ask = async (characters: number, send: () => void, asked?: AbortSignal, chat?: ChatRequest) => {
    if (ended) throw new EngineError('internal', 'the tokenizer was closed')
    const limit = limitMs + limitMsPerCharacter * characters
    try {
      return await nextMessage(worker, { files, chat, limitMs: limit, send, signal: asked })
    } catch (error) {
      ended = true
      void worker.terminate()
      throw error
    }
  }
  const ready = await ask(bytes, () => undefined, signal)
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = (request: EncodeRequest | DecodeRequest | ChatRequest, length: number, asked?: AbortSignal) => {
    const answer = last.then(() => {
      throwIfCancelled(asked)
      return ask(length, () => worker.postMessage(request), asked, 'messages' in request ? request : undefined)
    })
    last = answer.catch(() => undefined)
    return answer
  }
  return {
    cuts: as('ready', ready).cuts,
    encode: async (request, asked) => as('ids', await inTurn(request, request.text.length, asked)).ids,
    decode: async (ids, asked) => as('text', await inTurn({ ids }, ids.length, asked)).text,
    chat: async (request, asked) => as('chat', await inTurn(request, 0, asked)),
    async close() {
      ended = true
      await worker.terminate()
    },
  }
}

function as<T extends FromTokenizer['type']>(type: T, message: FromTokenizer): Extract<FromTokenizer, { type: T }> {
  if (message.type === type) return message as Extract<FromTokenizer, { type: T }>
  throw new EngineError('internal', `the tokenizer answered ${message.type}`)
}

interface Question {
  readonly files: TokenizerFiles
  /** The conversation of a request to render one. */
  readonly chat?: ChatRequest
  readonly limitMs: number
  readonly send: () => void
  readonly signal: AbortSignal | undefined
}

/** The thread keeps the process alive only while an answer is awaited. */
function nextMessage(worker: Worker, { files, chat, limitMs, send, signal }: Question): Promise<FromTokenizer> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', cancel)
      worker.off('message', receive).off('error', fail).off('exit', exit).unref()
      finish()
    }
    const refuse = (message: string, code: 'bad-config' | 'out-of-memory' = 'bad-config') =>
      settle(() => reject(new EngineError(code, message)))
    const cancel = () => settle(() => reject(new EngineError('cancelled', 'cancelled')))
    const receive = (message: FromTokenizer) => {
      if (message.type === 'failed') settle(() => reject(new EngineError(message.code, message.message)))
      else settle(() => resolve(message))
    }
    const fail = (error: Error & { code?: string }) =>
      error.code === 'ERR_WORKER_OUT_OF_MEMORY'
        ? refuse(`${files.path}: tokenising took all the memory; use shorter documents`, 'out-of-memory')
        : refuse(`${files.path} cannot be used (${error.message}); save it with a current transformers`)
    const exit = () => refuse(`${files.path}: the thread that tokenises has ended; run again`)
    const timer = setTimeout(
      () =>
        refuse(
          chat
            ? `${chat.template.path}: its chat template took more than ${Math.round(limitMs / 1000)} s on ${chat.where}; get the template from the model's authors`
            : `${files.path}: tokenising a piece of text took more than ${Math.round(limitMs / 1000)} s${patternsOf(files)}; get the tokenizer from the model's authors`,
        ),
      limitMs,
    )
    signal?.addEventListener('abort', cancel)
    worker.on('message', receive).on('error', fail).on('exit', exit).ref()
    send()
  })
}

/** The regular expressions that may have caused a timeout. */
function patternsOf({ tokenizer }: TokenizerFiles): string {
  const patterns = new Set(Array.from(tokenizer.matchAll(/"Regex"\s*:\s*("(?:[^"\\]|\\.){0,2000}")/g), (m) => m[1]))
  if (patterns.size === 0) return ''
  const shown = [...patterns].slice(0, 3).map((p) => (p.length > 120 ? `${p.slice(0, 117)}…"` : p))
  return ` with the pattern ${shown.join(' or ')}`
}
