// A checkpoint seen through the tensors that a run has finished: those come from the run's state, all others from the
// source. What evaluates, trains and saves reads the model through it and need not know how far the run is.
import type { Checkpoint, TensorEntry } from '../../checkpoint/checkpoint.ts'

export interface OverlayOptions {
  /** Config that replaces the source's. */
  readonly config?: unknown
  /** Tensors of the layers that are not the model's, by prefix: masks, say. */
  readonly hidden?: string
  /** A tensor that is another one under a second name: where a layer has that one, it is what that one has become. */
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
  // If no layer has that one, nobody has checked whether the two agree: both stay as they are.
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
