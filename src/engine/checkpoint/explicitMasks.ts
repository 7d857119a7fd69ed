// The masks that a checkpoint itself holds: beside its weights in a file, or as the bits that its weights are stored by.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { tensorRoles } from '../../shared/families/tensorRoles.ts'
import { readBitmaskMask } from './bitmask/readBitmask.ts'
import { transposeBits } from './bitmask/transposeBits.ts'
import type { Checkpoint } from './checkpoint.ts'
import { FilePool } from './filePool.ts'
import { maskFileName, readMaskFile, type MaskBits } from './maskFile.ts'

/** Whether there are any, without reading them. */
export function hasMasks({ folder, tensors }: Pick<Checkpoint, 'folder' | 'tensors'>): boolean {
  return existsSync(join(folder, maskFileName)) || [...tensors.values()].some(({ bitmask }) => bitmask !== undefined)
}

/** By the weight's name, rows are outputs; null when there are none. @throws EngineError 'bad-checkpoint' */
export async function explicitMasks(checkpoint: Checkpoint): Promise<Map<string, MaskBits> | null> {
  if (!hasMasks(checkpoint)) return null
  const path = join(checkpoint.folder, maskFileName)
  const masks = existsSync(path) ? await readMaskFile(path) : new Map<string, MaskBits>()
  const roles = tensorRoles(checkpoint.config, checkpoint.tensors)
  const pool = new FilePool()
  try {
    for (const { name, shape, bitmask } of checkpoint.tensors.values()) {
      if (!bitmask) continue
      const stored = await readBitmaskMask(pool, name, bitmask)
      masks.set(name, roles.of(name, shape).transposed ? transposeBits(stored) : stored)
    }
  } finally {
    await pool.close()
  }
  return masks
}
