// What an analysis has measured so far, in a file beside the checkpoint: a killed one goes on where it was, and the next that asks
// the same of the same files has nothing left to do.
import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import * as z from 'zod'
import { measuredModuleSchema, type MeasuredModule } from '../../shared/analysis/analysis.ts'
import { isCompanion } from '../checkpoint/companions.ts'
import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import { makeFolders } from '../checkpoint/makeFolders.ts'
import { readOwn } from '../checkpoint/ownFile.ts'
import { writeAtomic } from '../run/state/atomicFile.ts'

const stateSchema = z.strictObject({
  /** Of the weights. */
  checkpoint: z.string(),
  /** Of everything that the numbers depend on. */
  key: z.string(),
  /** Of the dense model, where sensitivities are measured. */
  loss: z.number().nullable(),
  blocks: z.array(z.array(measuredModuleSchema)),
})

export type AnalysisState = z.infer<typeof stateSchema>

export interface AnalysisStore {
  readonly state: AnalysisState
  /** Adds a block, and saves. */
  add(modules: MeasuredModule[]): Promise<void>
}

/** `asked`: everything else that the numbers depend on. `warn` is told once when nothing can be kept. */
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

/** Counts on when numbers of an analysis come to be computed in another way. */
const formatOfState = 2

/** Looked through for one of these weights, the newest first; and the most that one may hold. */
const mostFiles = 16
const mostBytes = 64 * 2 ** 20

/** Beside the checkpoint. Of the Hub's cache beside its snapshots: a folder among them would be taken for one. */
function storeFolder({ folder }: Checkpoint): string {
  const parent = dirname(resolve(folder))
  return join(basename(parent) === 'snapshots' ? dirname(parent) : parent, '.sparsescope', 'analyses')
}

/** Weights, and what says how to compute with them and how to cut text. */
async function modelKey({ files, folder }: Checkpoint): Promise<string> {
  const beside = (await readdir(folder)).filter(isCompanion).sort()
  return hashOf(
    await Promise.all([...files.map(({ path }) => path), ...beside.map((name) => join(folder, name))].map(stampOf)),
  )
}

/** null: there is none, or somebody else's, or what a crash left of one. */
async function readState(path: string): Promise<AnalysisState | null> {
  try {
    return stateSchema.parse(JSON.parse(await readOwn(path, mostBytes)))
  } catch {
    return null
  }
}

async function stampOf(path: string): Promise<[string, number, number]> {
  const { size, mtimeMs } = await stat(path)
  // The same file, from whatever folder it was named.
  return [resolve(path), size, mtimeMs]
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}
