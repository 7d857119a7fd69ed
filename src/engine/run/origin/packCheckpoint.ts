// Writes a pruned checkpoint with its pruned linears as bitmasks: what a run that saves `format: bitmask` would have written.
import { join } from 'node:path'
import { withBitmaskConfig } from '../../../catalog/formats/bitmaskConfig.ts'
import { fileMasks, wholeLinears } from '../../checkpoint/bitmask/fileMasks.ts'
import { packBitmasks } from '../../checkpoint/bitmask/packBitmasks.ts'
import { openCheckpoint } from '../../checkpoint/checkpoint.ts'
import { readSmallFile } from '../../checkpoint/smallFile.ts'
import { createWriter } from '../../checkpoint/writer.ts'
import { EngineError } from '../../errors.ts'
import { openModel } from '../../model/model.ts'
import { masksOfPrunedModel, sparsityOfModel, summaryOf } from '../open/sourceMasks.ts'
import { cardInFormat } from './modelCard.ts'
import { noteName } from '../../../formatting/noteName.ts'
import { maxNoteBytes } from './note.ts'

export interface PackOptions {
  /** Largest shard in bytes. */
  readonly maxShardBytes: number
  readonly onWarning: (message: string) => void
  readonly signal?: AbortSignal
}

export interface Packed {
  /** Linears that are stored as bits. */
  readonly linears: number
  /** Bytes of the weight files before and after. */
  readonly bytes: { readonly from: number; readonly to: number }
}

/**
 * Writes the folder `to`, which must not exist. Masks are those of `sparsescope.mask`, else the exact zeros.
 * @throws EngineError 'usage' where nothing is pruned, or it is a bitmask already; as `openCheckpoint` and `createWriter`.
 */
export async function packCheckpoint(path: string, to: string, options: PackOptions): Promise<Packed> {
  const source = await openCheckpoint(path)
  try {
    if ([...source.tensors.values()].some(({ bitmask }) => bitmask))
      throw new EngineError('usage', `${path} is stored as bitmasks already`)
    const model = openModel(source)
    const masks = await masksOfPrunedModel(model, () =>
      options.onWarning(
        `${source.folder} has no sparsescope.mask: the exact zeros of its linears are taken as the mask`,
      ),
    )
    if (masks.size === 0) throw new EngineError('usage', `${path} has no pruned linears: there is nothing to pack`)
    const { counts } = await summaryOf(masks)
    const packed = await packBitmasks(source, fileMasks(model.config, masks))
    const writer = await createWriter(packed, to, {
      maxShardBytes: options.maxShardBytes,
      editConfig: (text) =>
        withBitmaskConfig(text, sparsityOfModel(model, counts) ?? 0, wholeLinears(model.config, masks)),
    })
    try {
      await writer.copyUnwritten(options.signal)
      await writer.finish({ ...(await noteOf(source.folder)), ...(await cardInFormat(source.folder, to, 'bitmask')) })
    } catch (error) {
      await writer.abort()
      throw error
    }
    const from = source.files.reduce((sum, { bytes }) => sum + bytes, 0)
    return { linears: masks.size, bytes: { from, to: writer.totalBytes } }
  } finally {
    await source.close()
  }
}

/** The note about the checkpoint stays true but for the file of its mask, which is in the weights now. */
async function noteOf(folder: string): Promise<Record<string, string>> {
  const text = await readSmallFile(join(folder, noteName), maxNoteBytes).catch(() => null)
  if (text === null) return {}
  try {
    const { mask: { file: _, ...mask } = {}, ...note } = JSON.parse(text) as { mask?: { file?: string } }
    return { [noteName]: `${JSON.stringify({ ...note, mask }, null, 2)}\n` }
  } catch {
    // A damaged note is left as it is.
    return {}
  }
}
