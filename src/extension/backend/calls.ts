// Calls into the backend over a connection: typed, cancellable, with progress.
import type { CallName, ParamsOf } from '../../protocol/parameters.ts'
import { CancellationTokenSource, ErrorCodes, type MessageConnection, ResponseError } from 'vscode-jsonrpc/node'
import type { ChannelCode, Envelope, FailureData, ProgressMessage, ProgressOf, ResultOf } from '../../protocol/rpc.ts'
import { progressMethod } from '../../protocol/rpc.ts'

export class BackendError extends Error {
  /** An engine error code or one of the channel's own. */
  readonly code: string
  constructor(code: ChannelCode | string, message: string) {
    super(message)
    this.name = 'BackendError'
    this.code = code
  }
}

export interface CallOptions<C extends CallName> {
  signal?: AbortSignal
  onProgress?: (value: ProgressOf<C>) => void
}

export type Caller = <C extends CallName>(
  name: C,
  params: ParamsOf<C>,
  options?: CallOptions<C>,
) => Promise<ResultOf<C>>

export function createCaller(connection: MessageConnection): Caller {
  const listeners = new Map<number, (value: unknown) => void>()
  let lastToken = 0
  // Closing alone does not reject pending requests, which nobody will answer any more; disposing does.
  connection.onClose(() => connection.dispose())
  connection.onNotification(progressMethod, ({ token, value }: ProgressMessage) => {
    listeners.get(token)?.(value)
  })
  return async <C extends CallName>(name: C, params: ParamsOf<C>, options: CallOptions<C> = {}) => {
    const token = ++lastToken
    const { onProgress, signal } = options
    // The request is not sent at all: a short call would end before its cancellation arrives.
    if (signal?.aborted) throw new BackendError('cancelled', 'cancelled')
    if (onProgress) listeners.set(token, (value) => onProgress(value as ProgressOf<C>))
    const cancellation = new CancellationTokenSource()
    const cancel = () => cancellation.cancel()
    signal?.addEventListener('abort', cancel)
    try {
      const envelope: Envelope<ParamsOf<C>> = { token, params }
      return await connection.sendRequest<ResultOf<C>>(name, envelope, cancellation.token)
    } catch (error) {
      throw translate(error)
    } finally {
      signal?.removeEventListener('abort', cancel)
      listeners.delete(token)
      cancellation.dispose()
    }
  }
}

function translate(error: unknown): BackendError {
  if (error instanceof BackendError) return error
  if (error instanceof ResponseError && error.code !== ErrorCodes.PendingResponseRejected) {
    const data = error.data as FailureData | undefined
    return new BackendError(data?.code ?? 'protocol', error.message)
  }
  return new BackendError('backend-stopped', 'The backend stopped before it answered. It restarts when it is needed.')
}
