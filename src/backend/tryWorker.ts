// The thread that generates text of several models: kernels keep it busy.
import { workerData } from 'node:worker_threads'
import { defaultMemoryBytes } from '../engine/machine.ts'
import { writeSideBySide } from '../engine/generate/sideBySide.ts'
import { openChosen } from './device.ts'
import type { FromTry, TryStart } from './tryOut.ts'
import { workThread } from './workThread.ts'

const { params, choice } = workerData as TryStart

void workThread<FromTry>(async (post, signal) => {
  const backend = await openChosen(choice)
  try {
    const memoryBytes = params.memoryBytes ?? defaultMemoryBytes()
    const onProgress = (progress: Extract<FromTry, { type: 'progress' }>['progress']) =>
      post({ type: 'progress', progress })
    post({ type: 'end', device: await writeSideBySide(backend, { ...params, memoryBytes, signal, onProgress }) })
  } finally {
    await backend.close()
  }
})
