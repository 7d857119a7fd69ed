// Masks in memory as stored masks, and the other way round.
import { openMaskFile } from '../../src/engine/checkpoint/maskFile.ts'
import type { MaskBits, StoredMask } from '../../src/engine/checkpoint/storedMask.ts'

export function storedMasks(masks: Iterable<readonly [string, MaskBits]>): Map<string, StoredMask> {
  return new Map(
    [...masks].map(([name, mask]) => [
      name,
      { rows: mask.rows, columns: mask.columns, read: () => Promise.resolve(mask) },
    ]),
  )
}

/** All masks of a file. */
export async function readMaskFile(path: string): Promise<Map<string, MaskBits>> {
  const masks = new Map<string, MaskBits>()
  for (const [name, mask] of await openMaskFile(path)) masks.set(name, await mask.read())
  return masks
}
