// The shapes of the files of a sweep's folder. They may come from anyone, as a run folder's may.
import * as z from 'zod'
import { mostRuns } from '../../shared/sweep/settingsOfRuns.ts'

const text = z.string().max(2 ** 16)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const index = z.int().min(0).max(1e6)

/** plan.json of a sweep. */
export const planShape = z.object({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  runs: z.array(z.object({ index, name: text, settings: z.record(text, z.unknown()), hash: sha256 })).max(mostRuns),
  /** Folder of the recipe, from here: paths are relative to it. */
  base: z.string().regex(/^\.\.(?:[\\/]\.\.)*$/),
})

/** sources.json: by path from the recipe's folder. */
export const sourcesShape = z.record(
  text,
  z.object({ bytes: z.number().min(0), sha256, stamp: text, seen: z.number() }),
)

/** cancelled.json. */
export const cancelledShape = z.object({ indices: z.array(index).max(1e6) })
