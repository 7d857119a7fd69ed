// Checks that a disk has room for an output, before the work that makes it.
import { statfs } from 'node:fs/promises'
import { formatBytes } from '../../formatting/numbers.ts'
import { EngineError } from '../errors.ts'
import { writeError } from '../../system/diskErrors.ts'
import { nearestFolder } from '../../system/makeFolders.ts'

export interface DiskNeed {
  /** Need not exist yet. */
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
