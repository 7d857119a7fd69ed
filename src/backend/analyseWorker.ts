// The thread that analyses one model: kernels keep it busy, and the main thread must continue to answer.
import { workerData } from 'node:worker_threads'
import { analyse } from '../engine/analyse/analyse.ts'
import { openCheckpoint } from '../engine/checkpoint/checkpoint.ts'
import { defaultMemoryBytes } from '../engine/machine.ts'
import type { AnalyseStart, FromAnalysis } from './analyses.ts'
import { openChosen } from './device.ts'
import { workThread } from './workThread.ts'

const { request, choice } = workerData as AnalyseStart

void workThread<FromAnalysis>(async (post, signal) => {
  let [done, total] = [0, 1]
  const checkpoint = await openCheckpoint(request.path)
  try {
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
        // The values are the scan's business: the map has them, or gets them there.
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
