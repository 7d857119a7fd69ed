// The folder in which a run keeps its recipe, events, report and state: `.sparsescope/runs/<time>-<name>/` beside the recipe. A folder of
// a run or a sweep gets its name when it is complete: each visible one can be resumed.
import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { errnoOf, writeError } from '../../system/diskErrors.ts'
import { makeFolders } from '../../system/makeFolders.ts'
import { EngineError } from '../../errors.ts'
import { killPoint } from '../../system/killPoint.ts'

export interface RunFolder {
  readonly path: string
  readonly name: string
  readonly recipe: string
  readonly events: string
  readonly report: string
  /** The last numbers and a thinned curve, for lists. */
  readonly summary: string
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
    summary: join(path, 'summary.json'),
    page: join(path, 'report.html'),
    state: join(path, 'state'),
  }
}

/** The folder of a recipe's runs. */
export function runsFolder(recipePath: string): string {
  return join(dirname(recipePath), '.sparsescope', 'runs')
}

/** The place of a new run of a recipe: beside its earlier ones. */
export function runPlace(recipePath: string, now?: Date): FolderPlace {
  return timedPlace(runsFolder(recipePath), recipePath, now)
}

/**
 * A new run's folder with what `fill` writes into it: it gets its name when that is done, so that every run folder can be
 * resumed. @throws EngineError 'disk', 'exists'.
 */
export async function createRunFolder(
  place: FolderPlace,
  fill: (draft: RunFolder) => Promise<void> = async () => undefined,
): Promise<RunFolder> {
  const path = await createNamedFolder(place, async (path) => {
    const draft = runFolderAt(path)
    await mkdir(draft.state)
    await fill(draft)
  })
  return runFolderAt(path)
}

export interface FolderPlace {
  readonly parent: string
  readonly name: string
  /** If true, a name that is taken is an error. Otherwise a number is appended to the name. */
  readonly exact?: boolean
}

/** A folder named by time and recipe, in `parent`. `now` is the local time in its name. */
export function timedPlace(parent: string, recipePath: string, now = new Date()): FolderPlace {
  const name = basename(recipePath).replace(/\.(prune\.)?(ya?ml|json)$/i, '') || 'run'
  return { parent, name: `${timeStamp(now)}-${name}` }
}

/** A new folder, never one that exists, with what `fill` writes into it. Returns its path. @throws EngineError 'disk', 'exists'. */
export async function createNamedFolder(place: FolderPlace, fill: (draft: string) => Promise<void>): Promise<string> {
  const { parent } = place
  try {
    await makeFolders(parent)
    await removeDrafts(parent)
    killPoint()
    const draft = join(parent, `${draftPrefix}${randomBytes(8).toString('hex')}`)
    try {
      await mkdir(draft)
      await fill(draft)
      return await giveName(draft, place)
    } catch (error) {
      await rm(draft, { recursive: true, force: true }).catch(() => undefined)
      throw error
    }
  } catch (error) {
    throw writeError(error, parent)
  }
}

/** A folder that is not empty is never replaced by a rename. */
async function giveName(draft: string, { parent, name, exact = false }: FolderPlace): Promise<string> {
  for (let n = 1; ; n++) {
    const path = join(parent, n > 1 ? `${name}-${n}` : name)
    try {
      killPoint()
      await rename(draft, path)
      killPoint()
      return path
    } catch (error) {
      // Windows says EPERM of a folder that is in the way.
      if (!['EEXIST', 'ENOTEMPTY', 'ENOTDIR', 'EPERM'].includes(errnoOf(error)) || !existsSync(path)) throw error
      if (exact) throw new EngineError('exists', `${path} was made by another process meanwhile; wait until it ends`)
    }
  }
}

const draftPrefix = '.new-'
/** Age in ms at which a draft is abandoned: no start takes that long to name its folder. */
const draftMs = 600_000

/** Removes the drafts of starts that were killed before they named their folders. */
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
