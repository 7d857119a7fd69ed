// An output takes shape in a hidden sibling and gets its name by one rename when it is whole.
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { lstat, mkdir, open, rename, rm, statfs } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { formatBytes } from '../../shared/format/byteSize.ts'
import { EngineError } from '../errors.ts'
import { killPoint } from '../killPoint.ts'
import { errnoOf, writeError } from './diskErrors.ts'

/** Folders of this process that have no name yet. A process that is told to leave at once takes them along. */
const unfinished = new Set<string>()
let watching = false

function watchExit(): void {
  if (watching) return
  watching = true
  process.once('exit', () => {
    for (const partial of unfinished) rmSync(partial, { recursive: true, force: true })
  })
}

/** @throws EngineError 'exists' when something has that name already. */
export async function refuseExisting(to: string): Promise<void> {
  const there = await lstat(to).then(
    () => true,
    (error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return false
      throw writeError(error, to)
    },
  )
  if (there) throw new EngineError('exists', `${to} exists already; choose another name or remove it first`)
}

/** Makes `.<name>.partial-<random>` beside `to`. @throws EngineError 'disk' when it cannot, or too little is free. */
export async function makePartial(to: string, neededBytes: number): Promise<string> {
  const parent = dirname(resolve(to))
  const partial = join(parent, `.${basename(to)}.partial-${randomBytes(4).toString('hex')}`)
  try {
    await mkdir(parent, { recursive: true })
    await requireSpace(parent, neededBytes)
    killPoint()
    await mkdir(partial)
    unfinished.add(partial)
    watchExit()
  } catch (error) {
    throw writeError(error, to)
  }
  return partial
}

async function requireSpace(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free >= neededBytes) return
  throw new EngineError(
    'disk',
    `cannot write into ${folder}: ${formatBytes(neededBytes)} are needed and ${formatBytes(free)} are free; free some space or choose another place`,
  )
}

/** Gives the partial folder its name. @throws EngineError 'exists' when somebody was faster. */
export async function promote(partial: string, to: string): Promise<void> {
  await refuseExisting(to)
  try {
    killPoint()
    await syncFolder(partial)
    killPoint()
    await rename(partial, to)
    killPoint()
    unfinished.delete(partial)
    await syncFolder(dirname(resolve(to)))
  } catch (error) {
    throw writeError(error, to)
  }
}

export async function removePartial(partial: string): Promise<void> {
  killPoint()
  await rm(partial, { recursive: true, force: true })
  unfinished.delete(partial)
}

/** Makes names durable. Windows cannot open folders and needs no such call. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
