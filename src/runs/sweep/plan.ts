// plan.json and sources.json of a sweep's folder. They may come from anyone.
import * as z from 'zod/mini'
import { EngineError } from '../../errors.ts'
import { mostRuns } from '../../recipe/sweep/settings.ts'
import { isOwnFolder, readOwn } from '../../system/ownFile.ts'
import { parseRecorded } from '../folder/recorded.ts'
import type { SweepFolder } from '../folder/sweepFolder.ts'

const largest = 2 ** 26
const text = z.string().check(z.maxLength(2 ** 16))
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/))
const index = z.int().check(z.minimum(0), z.maximum(1e6))

const planShape = z.object({
  /** Id that is the same for the same runs. */
  id: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  /** `hash`: of the resolved recipe, its paths relative, and of the contents of its sources. */
  runs: z
    .array(z.object({ index, name: text, settings: z.record(text, z.unknown()), hash: sha256 }))
    .check(z.maxLength(mostRuns)),
  /** Folder of the recipe, from here: paths are relative to it. */
  base: z.string().check(z.regex(/^\.\.(?:[\\/]\.\.)*$/)),
})
export type SweepPlan = z.infer<typeof planShape>

/** Fingerprints by path from the recipe's folder, from when the sweep was planned. */
const sourcesShape = z.record(
  text,
  z.object({ bytes: z.number().check(z.minimum(0)), sha256, stamp: text, seen: z.number() }),
)
export type SweepSources = z.infer<typeof sourcesShape>

/** @throws EngineError 'not-found' when the folder is none of a sweep, 'bad-data' when it holds what no sweep's does. */
export async function readPlan({ path, plan, ...folder }: SweepFolder): Promise<SweepPlan> {
  const written = await readOwn(plan, largest).catch((error: unknown) => {
    if (!(error instanceof EngineError) || error.code !== 'not-found') throw error
    throw new EngineError('not-found', `${path} is no folder of a sweep: it has no plan.json`, { cause: error })
  })
  const read = parseRecorded(planShape, written, plan)
  if (read.runs.some((run, i) => run.index !== i))
    throw new EngineError('bad-data', `${plan} is not what a sweep writes: its runs are not in their order`)
  // A folder that leads elsewhere is refused before anything is read or written there.
  for (const part of [folder.runs, folder.shared, folder.refused, folder.slurm]) await isOwnFolder(path, part)
  return read
}

/** @throws EngineError. */
export async function readSources({ sources }: SweepFolder): Promise<SweepSources> {
  return parseRecorded(sourcesShape, await readOwn(sources, largest), sources)
}
