// What an analysis has measured so far, in a file beside the checkpoint: a killed one goes on where it was, and the next that asks
// the same of the same files has nothing left to do.
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { measuredModuleSchema, type MeasuredModule } from '../../shared/analysis/analysis.ts'
import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import { makeFolders } from '../checkpoint/makeFolders.ts'
import { readOwn } from '../checkpoint/ownFile.ts'
import { writeAtomic } from '../run/state/atomicFile.ts'

const stateSchema = z.strictObject({
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
  const stamps = await Promise.all([...checkpoint.files.map(({ path }) => path), data].map(stampOf))
  const key = createHash('sha256')
    .update(JSON.stringify([stamps, asked]))
    .digest('hex')
  const path = join(dirname(checkpoint.folder), '.sparsescope', 'analyses', `${key.slice(0, 32)}.json`)
  const state = (await readState(path, key)) ?? { key, loss: null, blocks: [] }
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

/** null: there is none, or somebody else's, or what a crash left of one. */
async function readState(path: string, key: string): Promise<AnalysisState | null> {
  try {
    const state = stateSchema.parse(JSON.parse(await readOwn(path)))
    return state.key === key ? state : null
  } catch {
    return null
  }
}

async function stampOf(path: string): Promise<[string, number, number]> {
  const { size, mtimeMs } = await stat(path)
  return [path, size, mtimeMs]
}
