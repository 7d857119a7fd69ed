// Where a run keeps its recipe, events, report and state: `.sparsescope/runs/<time>-<name>/` beside the recipe.
import { mkdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errnoOf, writeError } from '../checkpoint/diskErrors.ts'

export interface RunFolder {
  readonly path: string
  readonly name: string
  readonly recipe: string
  readonly events: string
  readonly report: string
  readonly page: string
  readonly state: string
}

export function runFolderAt(path: string): RunFolder {
  return {
    path,
    name: basename(path),
    recipe: join(path, 'recipe.prune.yaml'),
    events: join(path, 'events.jsonl'),
    report: join(path, 'report.json'),
    page: join(path, 'report.html'),
    state: join(path, 'state'),
  }
}

/** A new run's folder, never one that exists. `now` is the local time in its name. @throws EngineError 'disk'. */
export async function createRunFolder(recipePath: string, now = new Date()): Promise<RunFolder> {
  const parent = join(dirname(recipePath), '.sparsescope', 'runs')
  const name = basename(recipePath).replace(/\.(prune\.)?(ya?ml|json)$/i, '') || 'run'
  try {
    await mkdir(parent, { recursive: true })
    for (let n = 1; ; n++) {
      const path = join(parent, `${timeStamp(now)}-${name}${n > 1 ? `-${n}` : ''}`)
      try {
        await mkdir(path)
        const folder = runFolderAt(path)
        await mkdir(folder.state)
        return folder
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error
      }
    }
  } catch (error) {
    throw writeError(error, parent)
  }
}

/** 20261231-235959: sorts by time, and has no character that a file system dislikes. */
function timeStamp(now: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`
  return `${date}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`
}
