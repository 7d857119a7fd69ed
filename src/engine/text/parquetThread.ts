// A large row group is unpacked in a thread that Ctrl-C ends; its rows come over a few at a time.
import { once } from 'node:events'
import { EngineError, throwIfCancelled, type ErrorCode } from '../errors.ts'
import { startWorker } from '../../system/startWorker.ts'
import type { GroupRequest, Row } from './rowGroup.ts'

export type FromParquet =
  /** Rows for one message that asked for them; the last are fewer, or none. */
  | { readonly type: 'rows'; readonly rows: readonly Row[]; readonly last: boolean }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }

/** @throws EngineError as reading does, or 'cancelled' at once when the signal fires. */
export async function* rowsOfThread(request: GroupRequest, signal?: AbortSignal): AsyncGenerator<Row> {
  throwIfCancelled(signal)
  const worker = startWorker(import.meta.url, './parquetWorker.ts', 'parquetWorker', { workerData: request })
  try {
    for (;;) {
      worker.postMessage('more')
      const [message] = (await once(worker, 'message', { signal }).catch((error: unknown) => {
        throwIfCancelled(signal)
        throw error
      })) as [FromParquet]
      if (message.type === 'failed') throw new EngineError(message.code, message.message)
      yield* message.rows
      if (message.last) return
    }
  } finally {
    await worker.terminate()
  }
}
