// Makes a bitmask checkpoint dense. Weights and mask file have the same bytes as those that a run with this mask would save.
import { maxNoteBytes, noteName } from '../../catalog/formats/checkpointFormats.ts'
import { join } from 'node:path'
import { blockLinears } from '../../catalog/families/parameters.ts'
import { withoutBitmaskConfig } from '../../catalog/formats/jsonEdit.ts'
import { defaultSaveFormat } from '../../recipe/settings/save.ts'
import { EngineError } from '../errors.ts'
import { openModel } from '../model/model.ts'
import { openCheckpoint } from '../checkpoint/checkpoint.ts'
import { explicitMasks } from '../checkpoint/explicitMasks.ts'
import { maskFileName, writeMaskFile } from '../checkpoint/maskFile.ts'
import type { StoredMask } from '../checkpoint/storedMask.ts'
import { readSmallFile } from '../checkpoint/regularFile.ts'
import { createWriter } from '../checkpoint/writer.ts'

interface ExpandOptions {
  /** Largest shard in bytes. */
  readonly maxShardBytes: number
  readonly signal?: AbortSignal
  /** `done` and `total` are bytes. */
  readonly onProgress?: (done: number, total: number) => void
}

interface Expanded {
  /** Linears that were stored as bits. */
  readonly linears: number
  /** Bytes of the weight files before and after. */
  readonly bytes: { readonly from: number; readonly to: number }
}

/**
 * Writes the folder `to`, which must not exist.
 * @throws EngineError 'usage' when the checkpoint is dense already; as `openCheckpoint` and `createWriter`.
 */
export async function expandCheckpoint(path: string, to: string, options: ExpandOptions): Promise<Expanded> {
  const source = await openCheckpoint(path)
  try {
    const linears = [...source.tensors.values()].filter(({ bitmask }) => bitmask).length
    if (linears === 0)
      throw new EngineError('usage', `${path} is dense already: no weight in it is stored as a bitmask`)
    const model = openModel(source)
    const writer = await createWriter(source, to, {
      maxShardBytes: options.maxShardBytes,
      editConfig: withoutBitmaskConfig,
    })
    try {
      await writer.copyUnwritten(options.signal, options.onProgress)
      const masks = await masksInOrder(model)
      await writeMaskFile(join(writer.partial, maskFileName), masks)
      await writer.finish(await noteOf(source.folder))
    } catch (error) {
      await writer.abort()
      throw error
    }
    const from = source.files.reduce((sum, { bytes }) => sum + bytes, 0)
    return { linears, bytes: { from, to: writer.totalBytes } }
  } finally {
    await source.close()
  }
}

/** Masks in the model's order, as runs write them, whatever the order in the file. */
async function masksInOrder({ checkpoint, config }: ReturnType<typeof openModel>): Promise<Map<string, StoredMask>> {
  const masks = (await explicitMasks(checkpoint)) ?? new Map<string, StoredMask>()
  const ordered = new Map<string, StoredMask>()
  for (const { name } of blockLinears(config)) {
    const mask = masks.get(`${name}.weight`)
    if (mask) ordered.set(`${name}.weight`, mask)
  }
  return ordered
}

/** The checkpoint's note (sparsescope.json), with the format and the mask file that the dense checkpoint has. */
async function noteOf(folder: string): Promise<Record<string, string>> {
  const text = await readSmallFile(join(folder, noteName), maxNoteBytes).catch(() => null)
  if (text === null) return {}
  try {
    const note = JSON.parse(text) as { mask?: object; recipe?: { save?: object } }
    const mask = { file: maskFileName, ...note.mask }
    const { recipe } = note
    const dense = recipe?.save && { recipe: { ...recipe, save: { ...recipe.save, format: defaultSaveFormat } } }
    return { [noteName]: `${JSON.stringify({ ...note, ...dense, mask }, null, 2)}\n` }
  } catch {
    // A damaged note is left out.
    return {}
  }
}
