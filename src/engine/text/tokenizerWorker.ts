// A thread that tokenises, and renders conversations. The expressions of a tokenizer.json may take forever on some text, and so may a
// chat template; a thread can be ended.
import { parentPort, workerData } from 'node:worker_threads'
import { EngineError, type ErrorCode, messageOf } from '../errors.ts'
import { type ChatRequest, renderChat, type RenderedChat } from './renderChat.ts'
import { createWordEncoder, type TokenizerFiles } from './wordEncoder.ts'

/** A piece of text to encode; answers come in the order of the questions. */
export interface EncodeRequest {
  readonly text: string
  readonly special: boolean
}

/** Ids to decode. */
export interface DecodeRequest {
  readonly ids: readonly number[]
}

export type FromTokenizer =
  | { readonly type: 'ready'; readonly cuts: string | null }
  | { readonly type: 'ids'; readonly ids: Int32Array<ArrayBuffer> }
  | { readonly type: 'text'; readonly text: string }
  | ({ readonly type: 'chat' } & RenderedChat)
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }

const port = parentPort
if (!port) throw new Error('this file runs as a worker thread')

function answer(work: () => FromTokenizer): void {
  try {
    const message = work()
    port?.postMessage(message, message.type === 'ids' ? [message.ids.buffer] : [])
  } catch (error) {
    const { path } = workerData as TokenizerFiles
    const known = error instanceof EngineError
    const reason = messageOf(error)
    port?.postMessage({
      type: 'failed',
      code: known ? error.code : 'bad-config',
      message: known ? reason : `${path} cannot be used (${reason}); save it with a current transformers`,
    } satisfies FromTokenizer)
  }
}

answer(() => {
  const encoder = createWordEncoder(workerData as TokenizerFiles)
  port.on('message', (request: EncodeRequest | DecodeRequest | ChatRequest) =>
    answer(() => {
      if ('ids' in request) return { type: 'text', text: encoder.decode(request.ids) }
      if ('messages' in request) return { type: 'chat', ...renderChat(request) }
      return { type: 'ids', ids: encoder.encode(request.text, request.special) }
    }),
  )
  return { type: 'ready', cuts: encoder.cuts }
})
