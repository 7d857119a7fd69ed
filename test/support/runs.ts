// Runs of recipes in temporary folders.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Backend } from '../../src/engine/compute/backend.ts'
import { runRecipe, type RunOptions } from '../../src/engine/run/runRecipe.ts'
import type { RunReport } from '../../src/engine/run/report/report.ts'

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
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A run on a backend that stays open. */
export function run(backend: Backend, options: Partial<RunOptions>): Promise<RunReport> {
  return runRecipe({ version: 'test', memoryBytes: 1e9, openBackend: async () => backend, ...options })
}
