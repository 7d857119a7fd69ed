// The model as far as a run has come: the source seen through the parts that are saved.
import type { Checkpoint } from '../../checkpoint/checkpoint.ts'
import type { Mask } from '../../prune/mask.ts'
import { maskPrefix, openParts, readMasks, type Part, type StoredStage } from './blockStore.ts'
import { overlayCheckpoint } from './overlay.ts'
import type { RunSession } from './session.ts'

export interface SavedStage {
  readonly stage: StoredStage
  readonly parts: readonly Part[]
}

/** Parts 0 … count − 1. */
export function blockParts(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

/**
 * Opens the source under the given stages, later ones on top, for as long as `body` runs. With `untied`, config.json
 * reads as if the head had never been tied.
 */
export async function withStateModel<T>(
  { source, folder }: RunSession,
  stages: readonly SavedStage[],
  untied: boolean,
  body: (model: Checkpoint) => Promise<T>,
): Promise<T> {
  const layers: Checkpoint[] = []
  try {
    for (const { stage, parts } of stages) layers.push(...(await openParts(folder.state, stage, parts)))
    const config = untied ? { ...(source.config as object), tie_word_embeddings: false } : undefined
    return await body(overlayCheckpoint(source, layers, { hidden: maskPrefix, config }))
  } finally {
    await Promise.all(layers.map((layer) => layer.close()))
  }
}

/** All masks of a stage, in the order of the blocks. */
export async function masksOfStage({ folder }: RunSession, { stage, parts }: SavedStage): Promise<Map<string, Mask>> {
  const masks = new Map<string, Mask>()
  for (const part of parts) {
    const [layer] = await openParts(folder.state, stage, [part])
    try {
      for (const [name, mask] of await readMasks(layer)) masks.set(name, mask)
    } finally {
      await layer.close()
    }
  }
  return masks
}
