// Messages to and from the extension host. Typed arrays are sent as base64. VS Code allows only one call of acquireVsCodeApi per page.
import type { Ask, AskParams, FromAnyView, ModelKey, Reply, ViewCall } from '../../src/protocol/view.ts'
import type { ResultOf } from '../../src/protocol/rpc.ts'

interface VsCodeApi {
  postMessage(message: unknown): void
  getState(): unknown
  setState(state: unknown): void
}
declare function acquireVsCodeApi(): VsCodeApi

let api: VsCodeApi | undefined
const vscode = () => (api ??= acquireVsCodeApi())

/** Messages that every view may send to the host. */
export const post = (message: FromAnyView): void => vscode().postMessage(message)

export function saveText(name: string, content: string): void {
  post({ type: 'export', name, content, encoding: 'utf8' })
}

const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
let lastId = 0

/** A call through the host. Rejects with a message for the user, and at once when the signal fires. */
export function ask<C extends ViewCall>(
  call: C,
  model: ModelKey,
  params: AskParams<C>,
  signal: AbortSignal,
): Promise<ResultOf<C>> {
  const id = ++lastId
  post({ type: 'ask', id, call, model, params } as Ask)
  signal.addEventListener('abort', () => {
    if (!waiting.has(id)) return
    post({ type: 'cancelAsk', id })
    settle({ type: 'reply', id, ok: false, message: 'cancelled' })
  })
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }))
}

function settle(reply: Reply): void {
  const call = waiting.get(reply.id)
  waiting.delete(reply.id)
  if (reply.ok) call?.resolve(reply.value as never)
  else call?.reject(new Error(reply.message))
}

export interface Host<To, From> {
  post(message: From): void
  listen(handler: (message: To) => void): void
  /** The view's state that survives a reload: selection, sort order, filter. */
  load(): Record<string, unknown>
  save(state: Record<string, unknown>): void
}

/** The connection to the host, typed with the messages of one page. */
export function connectHost<To extends { type: string }, From extends { type: string }>(): Host<To, From> {
  return {
    post: (message) => vscode().postMessage(message),
    listen(handler) {
      window.addEventListener('message', ({ data }: MessageEvent<To | Reply>) => {
        if (isReply(data)) settle(data)
        else handler(data)
      })
      post({ type: 'ready' })
    },
    load: () => (vscode().getState() ?? {}) as Record<string, unknown>,
    save: (state) => vscode().setState(state),
  }
}

function isReply(message: { type: string }): message is Reply {
  return message.type === 'reply'
}

export function bytesOf(base64: string): Uint8Array {
  const binary = atob(base64)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}

export function floatsOf(base64: string): Float32Array {
  return new Float32Array(bytesOf(base64).buffer)
}
