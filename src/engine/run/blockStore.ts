// Finished blocks of a run, one file each in its state folder: the tensors that changed, in the checkpoint's types, and
// the masks as bits. Together with the source they are the model so far.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openCheckpoint, type Checkpoint } from '../checkpoint/checkpoint.ts'
import { EngineError } from '../errors.ts'
import { killPoint } from '../killPoint.ts'
import type { Mask } from '../prune/mask.ts'
import { bytesOf, writeTensors, type StateTensor } from './tensorFile.ts'

/** `pruned`: after pruning, and reconstruction if asked. `trained`: after retraining and merging. `baseline`: pruned only. */
export type StoredStage = 'pruned' | 'trained' | 'baseline'

/** Names of mask tensors in a block's file; the model's tensors never begin like this. */
export const maskPrefix = 'sparsescope.mask.'

/** A block's number, or what is outside the blocks. */
export type Part = number | 'ends'

function partPath(state: string, stage: StoredStage, part: Part): string {
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
    for (const part of parts) layers.push(await openCheckpoint(partPath(state, stage, part)))
    return layers
  } catch (error) {
    await Promise.all(layers.map((layer) => layer.close()))
    throw error
  }
}

/** The masks in a part, by module name. */
export async function readMasks(layer: Checkpoint): Promise<Map<string, Mask>> {
  const columns = JSON.parse(layer.metadata.get('columns') ?? '{}') as Record<string, number>
  const masks = new Map<string, Mask>()
  for (const [linear, width] of Object.entries(columns)) {
    const entry = layer.tensors.get(maskPrefix + linear)
    if (!entry) throw new EngineError('internal', `${layer.path} lacks the mask of ${linear}`)
    const bytes = await layer.read(entry.name)
    masks.set(linear, { rows: entry.shape[0], columns: width, words: new Uint32Array(bytes.buffer) })
  }
  return masks
}

export async function removeParts(state: string, stage: StoredStage, parts: readonly Part[]): Promise<void> {
  for (const part of parts) {
    killPoint()
    await rm(partPath(state, stage, part), { force: true })
  }
}
