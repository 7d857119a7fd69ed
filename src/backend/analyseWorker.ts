// The thread that analyses one model: kernels keep it busy, and the main thread must continue to answer.
import { workerData } from 'node:worker_threads'
import { analyse } from '../engine/analyse/analyse.ts'
import { certifyCheckpoints, type CertifiedMatrix } from '../engine/analyse/certify.ts'
import { type Checkpoint, openCheckpoint } from '../engine/checkpoint/checkpoint.ts'
import { defaultMemoryBytes } from '../engine/machine.ts'
import { requireNm } from '../engine/checkpoint/stats/nmCounter.ts'
import type { MeasuredRoom } from '../protocol/inspect.ts'
import type { AnalyseStart, FromAnalysis } from './analyses.ts'
import { openChosen } from './device.ts'
import { workThread } from './workThread.ts'

const { request, choice } = workerData as AnalyseStart

void workThread<FromAnalysis>(async (post, signal) => {
  let [done, total] = [0, 1]
  const checkpoint = await openCheckpoint(request.path)
  try {
    if (request.dense !== undefined) await certifyMasks(checkpoint, request.dense, post, signal)
    else
      await analyse(checkpoint, {
        calibration: request.calibration,
        asked: request,
        sensitivity: request.sensitivity,
        seed: 0,
        memoryBytes: defaultMemoryBytes(),
        openBackend: () => openChosen(choice),
        precision: choice.precision,
        signal,
        onMeasured: (modules, loss) => post({ type: 'update', update: { modules: [...modules], loss, done, total } }),
        onProgress(what, now, all) {
          // Progress of reading values is not shown: the views get values from a scan.
          if (what === 'values') return
          ;[done, total] = [now, all]
          post({ type: 'update', update: { modules: [], loss: null, done, total } })
        },
        onWarning: (message) => post({ type: 'warning', message }),
      })
  } finally {
    await checkpoint.close()
  }
  post({ type: 'end' })
})

/** Posts progress, then the certificates of all masks. */
async function certifyMasks(
  pruned: Checkpoint,
  path: string,
  post: (message: FromAnalysis) => void,
  signal: AbortSignal,
): Promise<void> {
  const nothing = { modules: [], loss: null }
  const dense = await openCheckpoint(path)
  try {
    const { matrices } = await certifyCheckpoints(pruned, dense, {
      calibration: request.calibration,
      patterns: ['2:4', '4:8'].map(requireNm),
      memoryBytes: defaultMemoryBytes(),
      openBackend: () => openChosen(choice),
      precision: choice.precision,
      signal,
      onProgress: (done, total) => post({ type: 'update', update: { ...nothing, done, total } }),
      onWarning: (message) => post({ type: 'warning', message }),
    })
    const certificates = Object.fromEntries(matrices.map((one) => [`${one.name}.weight`, roomOf(one)]))
    post({ type: 'update', update: { ...nothing, certificates, done: 1, total: 1 } })
    if (matrices.length === 0) post({ type: 'warning', message: `${pruned.path} has no matrix with zeros` })
  } finally {
    await dense.close()
  }
}

/** Averages the shares of the rows over at most 64 equal parts, because a large model has too many rows to send. */
function roomOf({ rows, error, room, rows_without_room, tokens, shares }: CertifiedMatrix): MeasuredRoom {
  const parts = Math.min(64, rows)
  const room_by_part = Array.from({ length: parts }, (_, i) => {
    const part = shares.subarray(Math.round((i * rows) / parts), Math.round(((i + 1) * rows) / parts))
    return part.reduce((sum, share) => sum + share, 0) / part.length
  })
  return { rows, error, room, rows_without_room, tokens, room_by_part }
}
