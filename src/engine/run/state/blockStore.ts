// Finished blocks of a run, one file each in its state folder: the tensors that changed, in the checkpoint's types, and
// the masks as bits. Together with the source they are the model so far.
import { rm, lstat, readdir, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { maskWords } from '../../../catalog/formats/maskFile.ts'
import { openCheckpoint, type Checkpoint } from '../../checkpoint/checkpoint.ts'
import { requireOwnFile } from '../../../system/ownFile.ts'
import { maskInFile, type StoredMask } from '../../checkpoint/storedMask.ts'
import { EngineError } from '../../errors.ts'
import { killPoint } from '../../../system/killPoint.ts'
import type { Mask } from '../../prune/mask.ts'
import { parseRecorded } from '../../../runs/folder/recorded.ts'
import { bytesOf, writeTensors, type StateTensor } from './tensorFile.ts'
import { progressFile } from './progress.ts'
import type { RunFolder } from '../../../runs/folder/runFolder.ts'

/**
 * `pruned`: after pruning and the recoveries of the same pass. `trained`, `trained2` …: after each pass of recovery
 * that follows. `baseline`: pruned only.
 */
export type StoredStage = 'pruned' | `trained${number | ''}` | 'baseline'

/** Stage of a pass of recovery after pruning, counted from 0. */
export function passStage(pass: number): StoredStage {
  return pass === 0 ? 'trained' : `trained${pass + 1}`
}

/** Name prefix of tensors in a block's file that are not the model's. No tensor of a model begins with it. */
export const statePrefix = 'sparsescope.'
const maskPrefix = `${statePrefix}mask.`

/** A block's number, or what is outside the blocks. */
export type Part = number | 'ends'

export function partPath(state: string, stage: StoredStage, part: Part): string {
  return join(state, `${stage}-${typeof part === 'number' ? String(part).padStart(4, '0') : part}.safetensors`)
}

/** Durable when it returns. @throws EngineError 'disk'. */
export async function savePart(
  state: string,
  stage: StoredStage,
  part: Part,
  tensors: readonly StateTensor[],
  masks: ReadonlyMap<string, Mask>,
): Promise<void> {
  const columns: Record<string, number> = {}
  const bits = [...masks].map(([linear, mask]): StateTensor => {
    columns[linear] = mask.columns
    const shape = [mask.rows, mask.words.length / mask.rows]
    return { name: maskPrefix + linear, dtype: 'U32', shape, bytes: bytesOf(mask.words) }
  })
  await writeTensors(partPath(state, stage, part), [...tensors, ...bits], { columns: JSON.stringify(columns) })
}

/** Opens the given parts, to be read through an overlay. The caller closes them. */
export async function openParts(state: string, stage: StoredStage, parts: readonly Part[]): Promise<Checkpoint[]> {
  const layers: Checkpoint[] = []
  try {
    for (const part of parts) {
      const path = partPath(state, stage, part)
      await requireOwnFile(path)
      layers.push(await openCheckpoint(path))
    }
    return layers
  } catch (error) {
    await Promise.all(layers.map((layer) => layer.close()))
    throw error
  }
}

/** Numbers of columns by module name, as `savePart` wrote them. */
function parseColumns(json: string, path: string): Map<string, number> {
  const given = parseRecorded(z.record(z.string(), z.int().min(1)), json, path)
  return new Map(Object.entries(given))
}

/** The masks in a part, by module name, each read when it is needed. @throws EngineError 'bad-data'. */
export async function masksOfPart(state: string, stage: StoredStage, part: Part): Promise<Map<string, StoredMask>> {
  const [layer] = await openParts(state, stage, [part])
  await layer.close()
  const columns = parseColumns(layer.metadata.get('columns') ?? '{}', layer.path)
  return new Map(
    [...columns].map(([linear, width]) => {
      const entry = layer.tensors.get(maskPrefix + linear)
      const fits = entry?.dtype === 'U32' && entry.shape.length === 2 && entry.shape[1] === maskWords(width)
      if (!fits) throw new EngineError('bad-data', `${layer.path} is not a file of a run; start a new run`)
      return [
        linear,
        maskInFile(partPath(state, stage, part), { rows: entry.shape[0], columns: width, start: entry.start }),
      ]
    }),
  )
}

export async function removeParts(state: string, stage: StoredStage, parts: readonly Part[]): Promise<void> {
  for (const part of parts) {
    killPoint()
    await rm(partPath(state, stage, part), { force: true })
  }
}

// The state folder is removed when its run has finished.

/** Files of the state, and leftovers of such files from a process that was killed while it wrote them. */
const ours =
  /^(?:(?:pruned|trained\d*|baseline)-(?:\d{4,}|ends)\.safetensors|training\.safetensors|progress\.json)(?:\.tmp)?$/

/** Bytes of the state's files; 0 when there is no folder yet. */
export async function bytesOfState(state: string): Promise<number> {
  const names = (await readdir(state).catch(() => [])).filter((name) => ours.test(name))
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(state, name)).catch(() => null))?.size ?? 0),
  )
  return sizes.reduce((a, b) => a + b, 0)
}

/** Removes the files that runs write, the record of progress last, then the folder. What else is there stays. */
export async function removeState({ state }: RunFolder): Promise<void> {
  if (!(await lstat(state).catch(() => null))?.isDirectory()) return
  const names = (await readdir(state)).filter((name) => ours.test(name) && name !== progressFile)
  for (const name of [...names, progressFile]) {
    killPoint()
    await rm(join(state, name), { force: true })
  }
  killPoint()
  await rmdir(state).catch(() => undefined)
}
