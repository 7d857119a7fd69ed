// The masks that a checkpoint contains: in a file beside its weights, or as the bits of weights stored as bitmasks.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { tensorRoles } from '../../catalog/families/tensorRoles.ts'
import type { BitmaskPlace } from './fileHeader.ts'
import { readBitmaskMask } from './bitmask/readBitmask.ts'
import { type Checkpoint, isOfGguf } from './checkpoint.ts'
import { FilePool } from './filePool.ts'
import { maskFileName, openMaskFile } from './maskFile.ts'
import type { MaskBits, StoredMask, StoredMasks } from './storedMask.ts'
import { maskWords } from '../../catalog/formats/maskFile.ts'

/** The mask of the transposed matrix: [columns, rows] from [rows, columns]. */
export function transposeBits({ rows, columns, words }: MaskBits): MaskBits {
  const [from, to] = [maskWords(columns), maskWords(rows)]
  const turned = new Uint32Array(columns * to)
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < from; i++)
      for (let rest = words[row * from + i]; rest !== 0; rest &= rest - 1) {
        const column = 32 * i + 31 - Math.clz32(rest & -rest)
        turned[column * to + (row >> 5)] |= 1 << (row & 31)
      }
  return { rows: columns, columns: rows, words: turned }
}

/** Whether the checkpoint contains masks, without reading them. A mask file beside a GGUF file belongs to another checkpoint. */
export function hasMasks({
  folder,
  tensors,
  files,
  remote,
}: Pick<Checkpoint, 'folder' | 'tensors' | 'files' | 'remote'>): boolean {
  if (remote || isOfGguf({ files })) return false
  return existsSync(join(folder, maskFileName)) || [...tensors.values()].some(({ bitmask }) => bitmask !== undefined)
}

/** Masks by the weight's name, with outputs as rows, each read when it is needed; null without such masks. @throws EngineError 'bad-checkpoint' */
export async function explicitMasks(checkpoint: Checkpoint): Promise<StoredMasks | null> {
  if (checkpoint.masks) return checkpoint.masks
  if (!hasMasks(checkpoint)) return null
  const path = join(checkpoint.folder, maskFileName)
  const masks = existsSync(path) ? await openMaskFile(path) : new Map<string, StoredMask>()
  const roles = tensorRoles(checkpoint.config, checkpoint.tensors)
  for (const { name, shape, bitmask } of checkpoint.tensors.values())
    if (bitmask) masks.set(name, maskOfBits(name, bitmask, roles.of(name, shape).transposed))
  return masks
}

/** Mask of a weight that is stored as a bitmask. Its rows are the file's rows or, if `transposed`, the file's columns. */
function maskOfBits(name: string, place: BitmaskPlace, transposed: boolean): StoredMask {
  const read = async () => {
    const pool = new FilePool()
    try {
      const stored = await readBitmaskMask(pool, name, place)
      return transposed ? transposeBits(stored) : stored
    } finally {
      await pool.close()
    }
  }
  const [rows, columns] = transposed ? [place.columns, place.rows] : [place.rows, place.columns]
  return { rows, columns, read }
}
