// The current model of a run: the source under the parts that are saved.
import type { Checkpoint, TensorEntry } from '../../checkpoint/checkpoint.ts'
import { storedTwice } from '../../model/model.ts'
import type { StoredMask } from '../../checkpoint/storedMask.ts'
import { masksOfPart, openParts, type Part, statePrefix, type StoredStage } from './blockStore.ts'
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

interface OverlayOptions {
  /** Config that replaces the source's. */
  readonly config?: unknown
  /** Name prefix of tensors in the layers that are not the model's, such as masks. */
  readonly hidden?: string
  /** The source stores tensor `as` a second time as `name`. Where a layer changes `as`, `name` follows. */
  readonly same?: { readonly name: string; readonly as: string } | null
}

/** Later layers win over earlier ones, and all win over the source. Closing closes the layers, not the source. */
export function overlayCheckpoint(
  source: Checkpoint,
  layers: readonly Checkpoint[],
  { config, hidden, same }: OverlayOptions = {},
): Checkpoint {
  const tensors = new Map<string, TensorEntry>(source.tensors)
  const owners = new Map<string, Checkpoint>()
  for (const layer of layers)
    for (const [name, entry] of layer.tensors) {
      if (hidden !== undefined && name.startsWith(hidden)) continue
      tensors.set(name, entry)
      owners.set(name, layer)
    }
  // If no layer has `as`, it was never checked whether the two tensors agree, so both stay as they are.
  const became = same && owners.has(same.as) ? tensors.get(same.as) : undefined
  if (same && became) tensors.set(same.name, { ...became, name: same.name })
  const stored = (name: string) => (became && name === same?.name ? same.as : name)
  const owner = (name: string) => owners.get(stored(name)) ?? source
  return {
    path: source.path,
    folder: source.folder,
    files: source.files,
    metadata: source.metadata,
    indexMetadata: source.indexMetadata,
    config: config ?? source.config,
    tensors,
    bytesRead: () => layers.reduce((sum, layer) => sum + layer.bytesRead(), source.bytesRead()),
    read: (name) => owner(name).read(stored(name)),
    readRange: (name, start, end) => owner(name).readRange(stored(name), start, end),
    readInto: (name, start, target) => owner(name).readInto(stored(name), start, target),
    close: async () => void (await Promise.all(layers.map((layer) => layer.close()))),
  }
}
