// The line to the extension host. acquireVsCodeApi may be called once, so it is private to this file.
import type {
  Ask,
  AskParams,
  ExportFile,
  FromAnyView,
  ModelKey,
  Reply,
  ViewCall,
} from '../../src/shared/protocol/view.ts'
import type { ResultOf } from '../../src/shared/protocol/rpc.ts'

interface VsCodeApi {
  postMessage(message: unknown): void
  getState(): unknown
  setState(state: unknown): void
}
declare function acquireVsCodeApi(): VsCodeApi

export interface Host<To, From> {
  post(message: From | ExportFile): void
  /** A call through the host; rejects with a sentence for people, and at once when the signal fires. */
  ask<C extends ViewCall>(call: C, model: ModelKey, params: AskParams<C>, signal: AbortSignal): Promise<ResultOf<C>>
  listen(handler: (message: To) => void): void
  /** The view's state that outlives a reload: selection, sort order, filter. */
  load(): Record<string, unknown>
  save(state: Record<string, unknown>): void
}

export function connectHost<To extends { type: string }, From extends { type: string }>(): Host<To, From> {
  const api = acquireVsCodeApi()
  const waiting = new Map<number, { resolve: (value: ResultOf<ViewCall>) => void; reject: (error: Error) => void }>()
  let handler: (message: To) => void = () => {}
  const tell = (message: FromAnyView) => api.postMessage(message)
  let lastId = 0
  window.addEventListener('message', (event: MessageEvent<To | Reply>) => {
    const message = event.data
    if (isReply(message)) settle(message)
    else handler(message)
  })
  const settle = (reply: Reply) => {
    const call = waiting.get(reply.id)
    waiting.delete(reply.id)
    if (reply.ok) call?.resolve(reply.value)
    else call?.reject(new Error(reply.message))
  }
  return {
    post: (message) => api.postMessage(message),
    ask<C extends ViewCall>(call: C, model: ModelKey, params: AskParams<C>, signal: AbortSignal) {
      const id = ++lastId
      tell({ type: 'ask', id, call, model, params } as Ask)
      signal.addEventListener('abort', () => {
        if (!waiting.has(id)) return
        tell({ type: 'cancelAsk', id })
        settle({ type: 'reply', id, ok: false, message: 'cancelled' })
      })
      return new Promise<ResultOf<C>>((resolve, reject) =>
        waiting.set(id, { resolve: (value) => resolve(value as ResultOf<C>), reject }),
      )
    },
    listen(next) {
      handler = next
      api.postMessage({ type: 'ready' })
    },
    load: () => (api.getState() ?? {}) as Record<string, unknown>,
    save: (state) => api.setState(state),
  }
}

function isReply(message: { type: string }): message is Reply {
  return message.type === 'reply'
}
