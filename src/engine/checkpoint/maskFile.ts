// Reading and writing `sparsescope.mask` (its format: src/catalog/formats/maskFile.ts).
import { stat } from 'node:fs/promises'
import {
  encodeMaskHeader,
  maskHeaderLength,
  maskName,
  maskPrefixBytes,
  maskWords,
} from '../../catalog/formats/maskFile.ts'
import { parseMaskHeader } from '../../catalog/formats/maskFile.ts'
import { EngineError } from '../errors.ts'
import { killPoint } from '../../system/killPoint.ts'
import { readError, writeError } from '../../system/diskErrors.ts'
import { FilePool } from './filePool.ts'
import { createOwn } from '../../system/ownFile.ts'
import { inFile } from './readHeaders.ts'
import { maskInFile, type MaskBits, type StoredMask, type StoredMasks } from './storedMask.ts'

export const maskFileName = maskName

/** All masks of the file, by tensor name, each read when it is needed. @throws EngineError 'not-found' or 'bad-checkpoint'. */
export async function openMaskFile(path: string): Promise<Map<string, StoredMask>> {
  const pool = new FilePool()
  try {
    const { size } = await stat(path)
    const prefix = new Uint8Array(Math.min(maskPrefixBytes, size))
    await pool.read(path, 0, prefix)
    const length = await inFile(path, () => maskHeaderLength(prefix, size))
    const json = new Uint8Array(length)
    await pool.read(path, maskPrefixBytes, json)
    const places = await inFile(path, () => parseMaskHeader(json, size))
    return new Map(
      places.map((place) => [place.name, maskInFile(path, place, (mask) => checkSpareBits(path, place.name, mask))]),
    )
  } catch (error) {
    throw readError(error, path)
  } finally {
    await pool.close()
  }
}

/** Writes all masks, one after the other, and flushes them to the disk. @throws EngineError 'disk', or what reading a mask throws. */
export async function writeMaskFile(path: string, masks: StoredMasks): Promise<void> {
  const list = [...masks].map(([name, { rows, columns }]) => ({ name, rows, columns }))
  try {
    const handle = await createOwn(path)
    try {
      await handle.writeFile(encodeMaskHeader(list))
      for (const mask of masks.values()) {
        const { words } = await mask.read()
        await handle.writeFile(new Uint8Array(words.buffer, words.byteOffset, words.byteLength))
      }
      killPoint()
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw writeError(error, path)
  }
}

/** Masks are compared word by word, so a stray bit past the last column would count as a difference. */
function checkSpareBits(path: string, name: string, { rows, columns, words }: MaskBits): void {
  const perRow = maskWords(columns)
  const spare = columns % 32 === 0 ? 0 : (~0 << (columns % 32)) >>> 0
  for (let r = 1; r <= rows && perRow > 0; r++) {
    if (words[r * perRow - 1] & spare) {
      throw new EngineError(
        'bad-checkpoint',
        `${path}: ${name} marks columns as kept that it does not have; save the pruned model again`,
      )
    }
  }
}
