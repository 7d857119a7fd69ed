// The thread that runs one recipe.
import { setImmediate } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import type { Backend } from '../engine/compute/backend.ts'
import { EngineError } from '../engine/errors.ts'
import { runRecipe } from '../engine/run/runRecipe.ts'
import { openChosen } from './device.ts'
import type { FromRun, RunStart, ToRun } from './runThread.ts'

const { params, choice, version } = workerData as RunStart
const abort = new AbortController()
let paused = false
let wake: () => void = () => {}

const post = (message: FromRun) => parentPort?.postMessage(message)

parentPort?.on('message', (message: ToRun) => {
  switch (message.type) {
    case 'cancel':
      abort.abort()
      return wake()
    case 'pause':
      paused = message.paused
      return wake()
  }
})

/** Lets messages in: between kernels alone this thread would never look at them. */
async function pausePoint(): Promise<void> {
  await setImmediate()
  while (paused && !abort.signal.aborted) await new Promise<void>((resolve) => (wake = resolve))
}

async function main(): Promise<void> {
  let backend: Backend | null = null
  let folder: string | null = null
  try {
    const report = await runRecipe({
      recipe: params.resume === null ? params.recipe : undefined,
      settings: params.set,
      resume: params.resume ?? undefined,
      memoryBytes: params.memoryBytes ?? undefined,
      version,
      openBackend: async () => (backend = await openChosen(choice)),
      precision: choice.precision,
      signal: abort.signal,
      pausePoint,
      onFolder: (path) => {
        folder = path
        post({ type: 'folder', folder: path })
      },
      onWait: (message) => process.stderr.write(`${message}\n`),
      onEvent: () => post({ type: 'event' }),
    })
    post({ type: 'end', outcome: { status: report.status, folder, message: report.message } })
  } catch (error) {
    const code = error instanceof EngineError ? error.code : 'internal'
    if (code === 'internal') process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    post({ type: 'failed', code, message: error instanceof Error ? error.message : String(error) })
  } finally {
    await (backend as Backend | null)?.close().catch(() => {})
  }
}

void main()
