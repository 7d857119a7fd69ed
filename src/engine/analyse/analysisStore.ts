// Keeps the measurements of an analysis in a file beside the checkpoint: a killed analysis continues from there, and the next
// one with the same settings and files has nothing left to measure.
import { hash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import * as z from 'zod'
import {
  measuredModuleSchema,
  sensitivityUnits,
  type MeasuredModule,
  type SensitivityUnit,
} from '../../plan/analysis.ts'
import { isCompanion } from '../checkpoint/carryOver.ts'
import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import { makeFolders } from '../../system/makeFolders.ts'
import { readOwn } from '../../system/ownFile.ts'
import { writeAtomic } from '../../system/atomicFile.ts'

const way = { method: z.string(), sparsity: z.number(), pattern: z.string() }
const count = z.number().int().min(0)

const stateSchema = z.strictObject({
  /** Hash of the checkpoint's files (`modelKey`). */
  checkpoint: z.string(),
  /** Hash of everything that the numbers depend on, except the ways of pruning: each is measured by itself. */
  key: z.string(),
  calibration: z.strictObject({ data: z.string(), field: z.string().optional(), samples: count, seqLen: count }),
  /** Loss of the dense model, where sensitivities are measured. */
  loss: z.number().nullable(),
  /** The unit and the way of pruning of the known sensitivities, and how many of the first blocks have them. */
  sensitivity: z.strictObject({ unit: z.enum(sensitivityUnits), ...way, blocks: count }).nullable(),
  /** Ways of pruning, each with the number of the first blocks that are measured. */
  ways: z.array(z.strictObject({ ...way, blocks: count })),
  blocks: z.array(z.array(measuredModuleSchema)),
})

export type AnalysisState = z.infer<typeof stateSchema>
type Way = Pick<AnalysisState['ways'][number], keyof typeof way>

/** What was measured in a block. */
export interface BlockFigures {
  readonly block: number
  readonly modules: readonly MeasuredModule[]
  readonly ways: readonly Way[]
  /** Whether sensitivities are among the figures. */
  readonly senses: boolean
}

export interface AnalysisStore {
  readonly state: AnalysisState
  /** Adds figures to those that are known of their block, and saves the state. */
  add(figures: BlockFigures): Promise<void>
}

export const isSameWay = (a: Way, b: Way): boolean =>
  a.method === b.method && a.sparsity === b.sparsity && a.pattern === b.pattern

/** Number of the first blocks that are measured with this way of pruning. */
export function blocksMeasured({ ways }: AnalysisState, asked: Way): number {
  return ways.find((one) => isSameWay(one, asked))?.blocks ?? 0
}

/** `asked` is everything else that the numbers depend on. `warn` is called once if the state cannot be saved. */
export async function openAnalysisStore(
  checkpoint: Checkpoint,
  calibration: AnalysisState['calibration'],
  asked: unknown,
  warn: (message: string) => void,
): Promise<AnalysisStore> {
  const model = await modelKey(checkpoint)
  const key = hash(
    'sha256',
    JSON.stringify([formatOfState, model, await stampOf(calibration.data), calibration, asked]),
  )
  const path = join(storeFolder(checkpoint), `${key.slice(0, 32)}.json`)
  const found = await readState(path)
  const nothing = { loss: null, sensitivity: null, ways: [], blocks: [] }
  const state: AnalysisState = found?.key === key ? found : { checkpoint: model, key, calibration, ...nothing }
  let canSave = true
  return {
    state,
    async add(figures) {
      addFigures(state, figures)
      if (!canSave) return
      try {
        await makeFolders(dirname(path))
        await writeAtomic(path, [JSON.stringify(state)])
      } catch (error) {
        canSave = false
        const why = error instanceof Error ? error.message : String(error)
        warn(`the measurements cannot be saved for the next analysis: ${why}`)
      }
    },
  }
}

/** Adds a block's figures to the state. Figures of other ways of pruning are kept. */
function addFigures(state: AnalysisState, { block, modules, ways, senses }: BlockFigures): void {
  const before = new Map(state.blocks.at(block)?.map((module) => [module.name, module]))
  state.blocks[block] = modules.map((module) => {
    const known = before.get(module.name)
    const others = (known?.errors ?? []).filter((one) => !ways.some((added) => isSameWay(added, one)))
    const sensitivity = senses ? module.sensitivity : (known?.sensitivity ?? null)
    return { ...module, errors: [...others, ...module.errors], sensitivity }
  })
  for (const added of ways) {
    let known = state.ways.find((one) => isSameWay(one, added))
    if (!known) state.ways.push((known = { ...added, blocks: 0 }))
    if (known.blocks === block) known.blocks = block + 1
  }
  if (senses && state.sensitivity) state.sensitivity.blocks = block + 1
}

/** The state of sensitivities by this unit and way of pruning. Drops sensitivities by any other. */
export function senseBy(
  state: AnalysisState,
  unit: SensitivityUnit,
  by: Way,
): NonNullable<AnalysisState['sensitivity']> {
  const known = state.sensitivity
  if (known?.unit === unit && isSameWay(known, by)) return known
  state.blocks = state.blocks.map((modules) => modules.map((module) => ({ ...module, sensitivity: null })))
  const { method, sparsity, pattern } = by
  return (state.sensitivity = { unit, method, sparsity, pattern, blocks: 0 })
}

/** The newest analysis of these weights, complete or not; null when there is no analysis. */
export async function latestAnalysis(checkpoint: Checkpoint): Promise<AnalysisState | null> {
  const folder = storeFolder(checkpoint)
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'))
  const dated = await Promise.all(
    names.map(async (name) => ({
      path: join(folder, name),
      time: (await stat(join(folder, name)).catch(() => null))?.mtimeMs ?? 0,
    })),
  )
  const model = await modelKey(checkpoint)
  for (const { path } of dated.sort((a, b) => b.time - a.time).slice(0, mostFiles)) {
    const state = await readState(path)
    if (state?.checkpoint === model && state.blocks.length > 0) return state
  }
  return null
}

/** Version of the state, raised whenever a figure is computed differently. */
const formatOfState = 4

/** Files that are looked through for an analysis of these weights, newest first, and the most bytes that one may have. */
const mostFiles = 16
const mostBytes = 64 * 2 ** 20

/** The store is beside the checkpoint; in the Hub's cache beside `snapshots`, since a folder in it would count as a snapshot. */
function storeFolder({ folder }: Checkpoint): string {
  const parent = dirname(resolve(folder))
  return join(basename(parent) === 'snapshots' ? dirname(parent) : parent, '.sparsescope', 'analyses')
}

/** Hash of the weights' files and of those that say how to compute with them and how to tokenise. */
async function modelKey({ files, folder }: Checkpoint): Promise<string> {
  const beside = (await readdir(folder)).filter(isCompanion).sort()
  const paths = [...files.map(({ path }) => path), ...beside.map((name) => join(folder, name))]
  return hash('sha256', JSON.stringify(await Promise.all(paths.map(stampOf))))
}

/** null where the file is missing, belongs to another user, or was cut short by a crash. */
async function readState(path: string): Promise<AnalysisState | null> {
  try {
    return stateSchema.parse(JSON.parse(await readOwn(path, mostBytes)))
  } catch {
    return null
  }
}

async function stampOf(path: string): Promise<[string, number, number]> {
  const { size, mtimeMs } = await stat(path)
  // The absolute path, so that the stamp does not depend on the working folder.
  return [resolve(path), size, mtimeMs]
}
