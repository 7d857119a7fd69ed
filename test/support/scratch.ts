// Temporary folders, removed when they are no longer needed.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface Scratch {
  readonly folder: string
  path(...parts: string[]): string
  /** Writes a file, with the folders above it, and returns its path. */
  write(name: string, data: string | Uint8Array): string
  /** Writes `NAME.prune.yaml` (an object: JSON is YAML) and returns its path. */
  recipe(name: string, recipe: unknown): string
}

/** Folders that outlast a test, and those of the test that runs now. */
const lasting: string[] = []
let ofTest: string[] | null = null

// Imported by a test file, these are hooks of all tests: the first one before each, and the last one after it. A process that a test
// starts has no hooks.
if ('beforeEach' in globalThis) {
  beforeEach(() => void (ofTest = []))
  afterEach(() => {
    for (const folder of ofTest ?? []) removeFolder(folder)
    ofTest = null
  })
}
process.once('exit', () => lasting.forEach(removeFolder))

/** A new temporary folder. It is removed after the test if the test or a `beforeEach` made it, else when the process ends. */
export function scratch(): Scratch {
  const folder = mkdtempSync(join(tmpdir(), 'test-'))
  ;(ofTest ?? lasting).push(folder)
  const path = (...parts: string[]) => join(folder, ...parts)
  const write: Scratch['write'] = (name, data) => {
    mkdirSync(dirname(path(name)), { recursive: true })
    writeFileSync(path(name), data)
    return path(name)
  }
  return { folder, path, write, recipe: (name, recipe) => write(`${name}.prune.yaml`, JSON.stringify(recipe)) }
}

/**
 * A process that was signalled to stop may still write its last file while the folder is listed: then it is listed again, for 5 s at most.
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
