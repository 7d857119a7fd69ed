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

export function serve(connection: MessageConnection, handlers: Handlers): void {
  for (const name of Object.keys(handlers) as CallName[]) serveCall(connection, name, handlers)
  connection.listen()
}

function serveCall<C extends CallName>(connection: MessageConnection, name: C, handlers: Handlers): void {
  connection.onRequest(name, async (envelope: Envelope<ParamsOf<C>>, cancellation: CancellationToken) => {
    const abort = new AbortController()
    if (cancellation.isCancellationRequested) abort.abort()
    const listener = cancellation.onCancellationRequested(() => abort.abort())
    const progress = (value: ProgressOf<C>) => {
      void connection.sendNotification(progressMethod, { token: envelope.token, value })
    }
    try {
      return await handlers[name](envelope.params, { signal: abort.signal, progress })
    } catch (error) {
      return failure(error)
    } finally {
      listener.dispose()
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
