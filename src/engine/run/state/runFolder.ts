// Where a run keeps its recipe, events, report and state: `.sparsescope/runs/<time>-<name>/` beside the recipe.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errnoOf, writeError } from '../../checkpoint/diskErrors.ts'
import { makeFolders } from '../../checkpoint/makeFolders.ts'
import { killPoint } from '../../killPoint.ts'

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

/** Where the runs of a recipe lie. */
export function runsFolder(recipePath: string): string {
  return join(dirname(recipePath), '.sparsescope', 'runs')
}

/**
 * A new run's folder, never one that exists, with what `fill` writes into it: it gets its name when that is done, so that
 * every run folder can be resumed. `now` is the local time in its name. @throws EngineError 'disk'.
 */
export async function createRunFolder(
  recipePath: string,
  fill: (draft: RunFolder) => Promise<void> = async () => undefined,
  now = new Date(),
): Promise<RunFolder> {
  const parent = runsFolder(recipePath)
  const name = basename(recipePath).replace(/\.(prune\.)?(ya?ml|json)$/i, '') || 'run'
  try {
    await makeFolders(parent)
    await removeDrafts(parent)
    killPoint()
    const draft = runFolderAt(join(parent, `${draftPrefix}${randomBytes(8).toString('hex')}`))
    try {
      await mkdir(draft.path)
      await mkdir(draft.state)
      await fill(draft)
      return await giveName(draft, join(parent, `${timeStamp(now)}-${name}`))
    } catch (error) {
      await rm(draft.path, { recursive: true, force: true }).catch(() => undefined)
      throw error
    }
  } catch (error) {
    throw writeError(error, parent)
  }
}

/** A folder that is not empty is never replaced by a rename. */
async function giveName(draft: RunFolder, path: string): Promise<RunFolder> {
  for (let n = 1; ; n++) {
    const numbered = n > 1 ? `${path}-${n}` : path
    try {
      killPoint()
      await rename(draft.path, numbered)
      killPoint()
      return runFolderAt(numbered)
    } catch (error) {
      // Windows says EPERM of a folder that is in the way.
      if (!['EEXIST', 'ENOTEMPTY', 'ENOTDIR', 'EPERM'].includes(errnoOf(error)) || !existsSync(numbered)) throw error
    }
  }
}

const draftPrefix = '.new-'
/** No start takes so long between making its folder and naming it. */
const draftMs = 600_000

/** What starts left behind that were killed in that moment. */
async function removeDrafts(parent: string): Promise<void> {
  for (const name of (await readdir(parent)).filter((entry) => entry.startsWith(draftPrefix))) {
    const path = join(parent, name)
    const facts = await lstat(path).catch(() => null)
    if (!facts?.isDirectory() || Date.now() - facts.mtimeMs < draftMs) continue
    killPoint()
    await rm(path, { recursive: true, force: true })
  }
}

/** 20261231-235959: sorts by time, and has no character that a file system dislikes. */
function timeStamp(now: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`
  return `${date}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`
}
