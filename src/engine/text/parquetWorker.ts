// The thread of parquetFile.ts: one row group, sent a piece at a time on request.
import { parentPort, workerData } from 'node:worker_threads'
import { EngineError } from '../errors.ts'
import { type FromParquet, type GroupRequest, readGroup } from './parquetFile.ts'

const rowsAtOnce = 256

async function* answers(): AsyncGenerator<FromParquet> {
  try {
    const rows = await readGroup(workerData as GroupRequest)
    for (let start = 0; ; start += rowsAtOnce) {
      const last = start + rowsAtOnce >= rows.length
      yield { type: 'rows', rows: rows.slice(start, start + rowsAtOnce), last }
      if (last) return
    }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    yield { type: 'failed', code: error.code, message: error.message }
  }
}

const next = answers()
parentPort?.on('message', () => void next.next().then(({ value }) => value && parentPort?.postMessage(value)))
