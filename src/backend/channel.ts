// Serves the calls of shared/protocol/rpc.ts over a JSON-RPC connection: types, progress, cancellation, errors.
import type { CancellationToken, MessageConnection } from 'vscode-jsonrpc/node'
import { ResponseError } from 'vscode-jsonrpc/node'
import { EngineError } from '../engine/errors.ts'
import type { CallName, Envelope, FailureData, ParamsOf, ProgressOf, ResultOf } from '../shared/protocol/rpc.ts'
import { engineFailure, progressMethod } from '../shared/protocol/rpc.ts'

export interface CallContext<C extends CallName> {
  signal: AbortSignal
  progress: (value: ProgressOf<C>) => void
}

export type Handlers = {
  [C in CallName]: (params: ParamsOf<C>, context: CallContext<C>) => Promise<ResultOf<C>>
}

/** A window that goes takes its calls with it, but no run. */
const outliving: ReadonlySet<CallName> = new Set<CallName>(['run', 'follow'])

export function serve(connection: MessageConnection, handlers: Handlers): void {
  const gone = new AbortController()
  connection.onClose(() => gone.abort())
  for (const name of Object.keys(handlers) as CallName[]) serveCall(connection, name, handlers, gone.signal)
  connection.listen()
}

function serveCall<C extends CallName>(
  connection: MessageConnection,
  name: C,
  handlers: Handlers,
  gone: AbortSignal,
): void {
  connection.onRequest(name, async (envelope: Envelope<ParamsOf<C>>, cancellation: CancellationToken) => {
    const abort = new AbortController()
    if (cancellation.isCancellationRequested) abort.abort()
    const listener = cancellation.onCancellationRequested(() => abort.abort())
    const leave = () => abort.abort()
    if (!outliving.has(name)) gone.addEventListener('abort', leave)
    const progress = (value: ProgressOf<C>) => {
      if (gone.aborted) return
      connection.sendNotification(progressMethod, { token: envelope.token, value }).catch(() => {})
    }
    try {
      return await handlers[name](envelope.params, { signal: abort.signal, progress })
    } catch (error) {
      return failure(error)
    } finally {
      listener.dispose()
      gone.removeEventListener('abort', leave)
    }
  })
}

/** People see the message; our own mistakes bring their stack into the log. */
function failure(error: unknown): ResponseError<FailureData> {
  if (error instanceof EngineError) return new ResponseError(engineFailure, error.message, { code: error.code })
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  const message = error instanceof Error ? error.message : String(error)
  return new ResponseError(engineFailure, `internal error, please report it: ${message}`, { code: 'internal' })
}
