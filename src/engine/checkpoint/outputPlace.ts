// Checks where an output would be, links followed: never inside the model's folder and never around it, since the source must
// not change.
import { realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Overlap } from '../../formatting/paths.ts'
import { EngineError } from '../errors.ts'
import { errnoOf, writeError } from '../../system/diskErrors.ts'
import { isInside } from './locate.ts'

/** The path that `to` will have once it is made: its nearest existing parent with links followed, then the rest. */
async function realPlace(to: string): Promise<string> {
  let [place, rest] = [resolve(to), '']
  for (;;) {
    try {
      return join(await realpath(place), rest)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || dirname(place) === place) throw writeError(error, to)
      rest = join(basename(place), rest)
      place = dirname(place)
    }
  }
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

/** @throws EngineError 'usage' where files in `folder` would be inside `other`; `why` says what that is. */
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
