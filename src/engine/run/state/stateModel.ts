// The model as far as a run has come: the source seen through the parts that are saved.
import type { Checkpoint } from '../../checkpoint/checkpoint.ts'
import { storedTwice } from '../../model/model.ts'
import type { StoredMask } from '../../checkpoint/storedMask.ts'
import { masksOfPart, openParts, statePrefix, type Part, type StoredStage } from './blockStore.ts'
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
  { source, folder, model }: RunSession,
  stages: readonly SavedStage[],
  untied: boolean,
  body: (model: Checkpoint) => Promise<T>,
): Promise<T> {
  const layers: Checkpoint[] = []
  try {
    for (const { stage, parts } of stages) layers.push(...(await openParts(folder.state, stage, parts)))
    const config = untied ? { ...(source.config as object), tie_word_embeddings: false } : undefined
    const same = untied ? null : storedTwice(model)
    return await body(overlayCheckpoint(source, layers, { hidden: statePrefix, config, same }))
  } finally {
    await Promise.all(layers.map((layer) => layer.close()))
  }
}

/** All masks of a stage, in the order of the blocks. */
export async function masksOfStage(
  { folder }: RunSession,
  { stage, parts }: SavedStage,
): Promise<Map<string, StoredMask>> {
  const masks = new Map<string, StoredMask>()
  for (const part of parts)
    for (const [name, mask] of await masksOfPart(folder.state, stage, part)) masks.set(name, mask)
  return masks
}
