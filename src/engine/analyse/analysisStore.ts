// What an analysis has measured so far is kept in a file beside the checkpoint: a killed one goes on where it was, and the next that asks
// the same of the same files has nothing left to do.
import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import * as z from 'zod'
import { measuredModuleSchema, type MeasuredModule } from '../../shared/analysis/analysis.ts'
import { isCompanion } from '../checkpoint/companions.ts'
import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import { makeFolders } from '../../system/makeFolders.ts'
import { readOwn } from '../../system/ownFile.ts'
import { writeAtomic } from '../../system/atomicFile.ts'

const stateSchema = z.strictObject({
  /** Hash of the weights' files. */
  checkpoint: z.string(),
  /** Hash of everything that the numbers depend on. */
  key: z.string(),
  /** Loss of the dense model, where sensitivities are measured. */
  loss: z.number().nullable(),
  blocks: z.array(z.array(measuredModuleSchema)),
})

export type AnalysisState = z.infer<typeof stateSchema>

export interface AnalysisStore {
  readonly state: AnalysisState
  /** Adds a block and saves the state. */
  add(modules: MeasuredModule[]): Promise<void>
}

/** `asked` is everything else that the numbers depend on. `warn` is called once when nothing can be kept. */
export async function openAnalysisStore(
  checkpoint: Checkpoint,
  data: string,
  asked: unknown,
  warn: (message: string) => void,
): Promise<AnalysisStore> {
  const model = await modelKey(checkpoint)
  const key = hashOf([formatOfState, model, await stampOf(data), asked])
  const path = join(storeFolder(checkpoint), `${key.slice(0, 32)}.json`)
  const found = await readState(path)
  const state: AnalysisState = found?.key === key ? found : { checkpoint: model, key, loss: null, blocks: [] }
  let canSave = true
  return {
    state,
    async add(modules) {
      state.blocks.push(modules)
      if (!canSave) return
      try {
        await makeFolders(dirname(path))
        await writeAtomic(path, [JSON.stringify(state)])
      } catch (error) {
        canSave = false
        const why = error instanceof Error ? error.message : String(error)
        warn(`what is measured cannot be kept for the next time: ${why}`)
      }
    },
  }
}

/** The newest analysis of these weights, however far it came; null when there is none. */
export async function latestAnalysis(checkpoint: Checkpoint): Promise<AnalysisState | null> {
  const folder = storeFolder(checkpoint)
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'))
  const dated = await Promise.all(
    names.map(async (name) => ({ path: join(folder, name), time: (await stat(join(folder, name)).catch(() => null))?.mtimeMs ?? 0 })), // prettier-ignore
  )
  const model = await modelKey(checkpoint)
  for (const { path } of dated.sort((a, b) => b.time - a.time).slice(0, mostFiles)) {
    const state = await readState(path)
    if (state?.checkpoint === model && state.blocks.length > 0) return state
  }
  return null
}

/** Version of the state; it grows when a figure is computed in another way. */
const formatOfState = 2

/** Files that are looked through for an analysis of these weights, newest first, and the most bytes that one may have. */
const mostFiles = 16
const mostBytes = 64 * 2 ** 20

/** The store lies beside the checkpoint; in the Hub's cache beside `snapshots`, since a folder in there would be taken for a snapshot. */
function storeFolder({ folder }: Checkpoint): string {
  const parent = dirname(resolve(folder))
  return join(basename(parent) === 'snapshots' ? dirname(parent) : parent, '.sparsescope', 'analyses')
}

/** Hash of the weights' files and of those that say how to compute with them and how to tokenise. */
async function modelKey({ files, folder }: Checkpoint): Promise<string> {
  const beside = (await readdir(folder)).filter(isCompanion).sort()
  return hashOf(
    await Promise.all([...files.map(({ path }) => path), ...beside.map((name) => join(folder, name))].map(stampOf)),
  )
}

/** null where there is none, it belongs to somebody else, or a crash cut it short. */
async function readState(path: string): Promise<AnalysisState | null> {
  try {
    return stateSchema.parse(JSON.parse(await readOwn(path, mostBytes)))
  } catch {
    return null
  }
}

async function stampOf(path: string): Promise<[string, number, number]> {
  const { size, mtimeMs } = await stat(path)
  // A file has the same stamp from whatever folder it is named.
  return [resolve(path), size, mtimeMs]
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}
