// The thread that runs one recipe.
import { setImmediate } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { runRecipe } from '../engine/run/runRecipe.ts'
import { openChosen } from './device.ts'
import type { FromRun, RunStart, ToRun } from './runs.ts'
import { workThread } from './workThread.ts'

const { params, choice, version } = workerData as RunStart
let paused = false
let wake: () => void = () => {}

parentPort?.on('message', (message: ToRun) => {
  if (message.type !== 'pause') return
  paused = message.paused
  wake()
})

void workThread<FromRun>(async (post, signal) => {
  signal.addEventListener('abort', () => wake())
  /** Lets the event loop handle messages between kernels. */
  const pausePoint = async () => {
    await setImmediate()
    while (paused && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve))
  }
  let folder: string | null = null
  const report = await runRecipe({
    recipe: params.resume === null ? params.recipe : undefined,
    settings: params.set,
    resume: params.resume ?? undefined,
    memoryBytes: params.memoryBytes ?? undefined,
    version,
    openBackend: () => openChosen(choice),
    precision: choice.precision,
    signal,
    pausePoint,
    onFolder: (path) => {
      folder = path
      post({ type: 'folder', folder: path })
    },
    onWait: (message) => process.stderr.write(`${message}\n`),
    onEvent: () => post({ type: 'event' }),
  })
  post({ type: 'end', outcome: { status: report.status, folder, message: report.message } })
})
