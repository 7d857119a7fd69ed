// Runs of recipes in temporary folders.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Backend } from '../../src/engine/compute/backend.ts'
import { openCpu } from '../../src/engine/compute/cpu/open.ts'
import { runRecipe, type RunOptions } from '../../src/engine/run/runRecipe.ts'
import type { RunReport } from '../../src/engine/run/report/report.ts'
import { writeTinyIds, writeTinyModel } from './tinyModel.ts'

export interface Workplace {
  readonly folder: string
  path(...parts: string[]): string
  /** Writes a recipe (an object: JSON is YAML) and returns its path. */
  recipe(name: string, recipe: unknown): string
  remove(): void
}

export function createWorkplace(): Workplace {
  const folder = mkdtempSync(join(tmpdir(), 'run-'))
  const path = (...parts: string[]) => join(folder, ...parts)
  return {
    folder,
    path,
    recipe(name, recipe) {
      const file = path(`${name}.prune.yaml`)
      writeFileSync(file, JSON.stringify(recipe))
      return file
    },
    remove: () => removeFolder(folder),
  }
}

/**
 * A process that was told to stop may still write its last file while the folder is listed: then it is listed again, for 5 s at most.
 * `maxRetries` of rmSync tries without listing again, and fails.
 */
function removeFolder(folder: string): void {
  for (let left = 50; ; left--) {
    try {
      return rmSync(folder, { recursive: true, force: true })
    } catch (error) {
      if (left === 0 || (error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
    }
  }
}

/** A run on a backend that stays open. */
export function run(backend: Backend, options: Partial<RunOptions>): Promise<RunReport> {
  return runRecipe({ version: 'test', memoryBytes: 1e9, openBackend: async () => backend, ...options })
}

/** In a suite: a backend for all of its tests, and a new workplace for each; `tiny`: with the tiny model and ids for it. */
export function runPlace({ threads = 2, tiny = false } = {}): { readonly backend: Backend; readonly place: Workplace } {
  const here = {} as { backend: Backend; place: Workplace }
  before(async () => void (here.backend = await openCpu({ threads })))
  after(() => here.backend.close())
  beforeEach(async () => {
    const place = (here.place = createWorkplace())
    if (!tiny) return
    await writeTinyModel(place.path('model'))
    writeTinyIds(place.path('ids.safetensors'))
  })
  afterEach(() => here.place.remove())
  return here
}
