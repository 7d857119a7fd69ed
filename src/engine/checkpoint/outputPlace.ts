// Checks, with links followed, that an output is neither inside the model's folder nor around it, since the source must not change.
// Also checks that the disk has room for the output before the work begins.
import { realpath, statfs } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import type { Overlap } from '../../formatting/paths.ts'
import { EngineError } from '../errors.ts'
import { writeError } from '../../system/diskErrors.ts'
import { isInside } from './locate.ts'
import { formatBytes } from '../../formatting/numbers.ts'
import { nearestFolder } from '../../system/makeFolders.ts'

/** The path that `to` will have once it is made: its nearest existing parent with links followed, then the rest. */
async function realPlace(to: string): Promise<string> {
  const { place } = await nearestFolder(to)
  return join(await realpath(place), relative(place, resolve(to)))
}

/** Whether `to`, which need not exist, is the folder of a model, is inside it or contains it; null when they are apart. */
export async function overlapOnDisk(to: string, folder: string): Promise<Overlap | null> {
  const [out, model] = await Promise.all([realPlace(to), realPlace(folder)])
  if (out === model) return 'same'
  if (isInside(out, model)) return 'inside'
  return isInside(model, out) ? 'around' : null
}

const sentences: Record<Overlap, string> = {
  same: 'it is the folder of the model, which is never overwritten',
  inside: 'it is inside the folder of the model, which is never changed',
  around: 'the folder of the model is inside it',
}

/** @throws EngineError 'usage' when the output would touch the model. */
export async function refuseOverlap(to: string, folder: string): Promise<void> {
  const overlap = await overlapOnDisk(to, folder)
  if (overlap === null) return
  throw new EngineError('usage', `cannot write ${to}: ${sentences[overlap]} (${folder}); choose a folder beside it`)
}

/** @throws EngineError 'usage' where files in `folder` would be inside `other`. `why` says what `other` is, for the message. */
export async function refuseInside(folder: string, other: string, why: string): Promise<void> {
  const overlap = await overlapOnDisk(folder, other)
  if (overlap !== null && overlap !== 'around')
    throw new EngineError('usage', `cannot write into ${folder}: ${why} (${other}); choose a folder beside it`)
}

/** @throws EngineError 'usage' where one of two outputs of a run would be inside the other. */
export async function refuseBothInOne(one: string, other: string): Promise<void> {
  if ((await overlapOnDisk(one, other)) === null) return
  throw new EngineError(
    'usage',
    `cannot write both ${one} and ${other}: one is inside the other; choose folders side by side`,
  )
}

interface DiskNeed {
  /** The folder need not exist yet. */
  readonly folder: string
  readonly bytes: number
  /** Name in messages: "the result". */
  readonly what: string
}

/** Needs on one file system are added up. @throws EngineError 'disk' that says how much is missing and for what. */
export async function requireSpace(needs: readonly DiskNeed[]): Promise<void> {
  const groups = new Map<number, { place: string; needs: DiskNeed[] }>()
  for (const need of needs.filter(({ bytes }) => bytes > 0)) {
    const { place, dev } = await nearestFolder(need.folder)
    const group = groups.get(dev) ?? { place, needs: [] }
    group.needs.push(need)
    groups.set(dev, group)
  }
  for (const group of groups.values()) await requireRoom(group.place, group.needs)
}

async function requireRoom(place: string, needs: readonly DiskNeed[]): Promise<void> {
  const { blocks, bavail, bsize } = await statfs(place).catch((error: unknown) => {
    throw writeError(error, place)
  })
  const needed = needs.reduce((sum, { bytes }) => sum + bytes, 0)
  const free = bavail * bsize
  // Some network file systems report no blocks at all instead of the free space.
  if (blocks === 0 || free >= needed) return
  const [first] = needs
  const parts = needs.map(({ what, bytes }) => `${formatBytes(bytes)} for ${what}`).join(' and ')
  const why = needs.length > 1 ? `, ${parts},` : ` for ${first.what}`
  throw new EngineError(
    'disk',
    `cannot write into ${first.folder}: ${formatBytes(needed)} are needed${why} and ${formatBytes(free)} are free; free some space or choose another place`,
  )
}
