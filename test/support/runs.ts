// Runs of recipes in temporary folders.
import type { Backend } from '../../src/engine/compute/backend.ts'
import { openCpu } from '../../src/engine/compute/cpu/open.ts'
import { runRecipe, type RunOptions } from '../../src/engine/run/runRecipe.ts'
import type { RunReport } from '../../src/engine/run/report/report.ts'
import { scratch, type Scratch } from './scratch.ts'
import { writeTinyIds, writeTinyModel } from './tinyModel.ts'

/** A run on a backend that stays open. */
export function run(backend: Backend, options: Partial<RunOptions>): Promise<RunReport> {
  return runRecipe({ version: 'test', memoryBytes: 1e9, openBackend: async () => staysOpen(backend), ...options })
}

/** The backend for a run, which closes what it opens. */
export function staysOpen(backend: Backend): Backend {
  return { ...backend, close: async () => undefined }
}

/** In a suite: a backend for all of its tests, and a new workplace for each; `tiny`: with the tiny model and ids for it. */
export function runPlace({ threads = 2, tiny = false } = {}): { readonly backend: Backend; readonly place: Scratch } {
  const here = {} as { backend: Backend; place: Scratch }
  before(async () => void (here.backend = await openCpu({ threads })))
  after(() => here.backend.close())
  beforeEach(async () => {
    const place = (here.place = scratch())
    if (!tiny) return
    await writeTinyModel(place.path('model'))
    writeTinyIds(place.path('ids.safetensors'))
  })
  return here
}
