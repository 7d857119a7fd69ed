// Serves the calls of src/protocol/rpc.ts over a JSON-RPC connection: types, progress, cancellation, errors.
import type { CancellationToken, MessageConnection } from 'vscode-jsonrpc/node'
import { ErrorCodes, ResponseError } from 'vscode-jsonrpc/node'
import * as z from 'zod'
import { EngineError, messageOf } from '../engine/errors.ts'
import { parameters, type CallName, type ParamsOf } from '../protocol/parameters.ts'
import type { FailureData, ProgressOf, ResultOf } from '../protocol/rpc.ts'
import { engineFailure, progressMethod } from '../protocol/rpc.ts'

export interface CallContext<C extends CallName> {
  signal: AbortSignal
  progress: (value: ProgressOf<C>) => void
}

export type Handlers = {
  [C in CallName]: (params: ParamsOf<C>, context: CallContext<C>) => Promise<ResultOf<C>>
}

/** Parameters as they travel (`Envelope`). */
const envelopeSchema = z.object({ token: z.number(), params: z.unknown() })

/** Calls that continue when their window closes its connection; all others are cancelled. */
const outlivesConnection: ReadonlySet<CallName> = new Set<CallName>(['run', 'follow'])

export function serve(connection: MessageConnection, handlers: Handlers): void {
  const closed = new AbortController()
  connection.onClose(() => closed.abort())
  for (const name of Object.keys(handlers) as CallName[]) serveCall(connection, name, handlers, closed.signal)
  connection.listen()
}

function serveCall<C extends CallName>(
  connection: MessageConnection,
  name: C,
  handlers: Handlers,
  closed: AbortSignal,
): void {
  connection.onRequest<unknown, FailureData | void>(name, async (message: unknown, cancellation: CancellationToken) => {
    const envelope = envelopeSchema.safeParse(message)
    if (!envelope.success) return invalid(name, envelope.error)
    const given = parameters[name].safeParse(envelope.data.params)
    if (!given.success) return invalid(name, given.error)
    const { token } = envelope.data
    const abort = new AbortController()
    if (cancellation.isCancellationRequested) abort.abort()
    const listener = cancellation.onCancellationRequested(() => abort.abort())
    const leave = () => abort.abort()
    if (!outlivesConnection.has(name)) closed.addEventListener('abort', leave)
    const progress = (value: ProgressOf<C>) => {
      if (closed.aborted) return
      connection.sendNotification(progressMethod, { token, value }).catch(() => {})
    }
    try {
      return await handlers[name](given.data, { signal: abort.signal, progress })
    } catch (error) {
      return failure(error)
    } finally {
      listener.dispose()
      closed.removeEventListener('abort', leave)
    }
  })
}

/** The error for parameters that the extension never sends. No stack is logged, because the mistake is at the other end. */
function invalid(name: CallName, error: z.ZodError): ResponseError<void> {
  const [{ path, message }] = error.issues
  return new ResponseError(
    ErrorCodes.InvalidParams,
    `invalid parameters of ${name}: ${[...path].join('.')}: ${message}`,
  )
}

/** The user sees the message. For an internal error, the stack is also logged. */
function failure(error: unknown): ResponseError<FailureData> {
  if (error instanceof EngineError) return new ResponseError(engineFailure, error.message, { code: error.code })
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  const message = messageOf(error)
  return new ResponseError(engineFailure, `internal error, please report it: ${message}`, { code: 'internal' })
}
