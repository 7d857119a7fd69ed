// Reading and writing `sparsescope.mask` (its format: src/shared/format/maskFile.ts).
import { stat } from 'node:fs/promises'
import {
  encodeMaskHeader,
  maskHeaderLength,
  maskName,
  maskPrefixBytes,
  maskWordsPerRow,
} from '../../shared/format/maskFile.ts'
import { parseMaskHeader } from '../../shared/format/maskFile.ts'
import { EngineError } from '../errors.ts'
import { killPoint } from '../killPoint.ts'
import { readError, writeError } from './diskErrors.ts'
import { FilePool } from './filePool.ts'
import { createOwn } from './ownFile.ts'
import { inFile } from './readHeader.ts'

export const maskFileName = maskName

/** Row-aligned words, bit c of a row = column c, 1 = kept; rows are outputs, columns inputs. */
export interface MaskBits {
  readonly rows: number
  readonly columns: number
  readonly words: Uint32Array
}

/** At least one weight is pruned. */
export function prunesAny({ columns, words }: MaskBits): boolean {
  const perRow = maskWordsPerRow(columns)
  const last = columns % 32 === 0 ? -1 : (1 << (columns % 32)) - 1
  return words.some((word, i) => (word | 0) !== ((i + 1) % perRow === 0 ? last : -1))
}

/** All masks of the file, by tensor name. @throws EngineError 'not-found' or 'bad-checkpoint'. */
export async function readMaskFile(path: string): Promise<Map<string, MaskBits>> {
  const pool = new FilePool()
  try {
    const { size } = await stat(path)
    const prefix = new Uint8Array(Math.min(maskPrefixBytes, size))
    await pool.read(path, 0, prefix)
    const length = await inFile(path, () => maskHeaderLength(prefix, size))
    const json = new Uint8Array(length)
    await pool.read(path, maskPrefixBytes, json)
    const masks = new Map<string, MaskBits>()
    for (const { name, rows, columns, start, bytes } of await inFile(path, () => parseMaskHeader(json, size))) {
      const words = new Uint32Array(bytes / 4)
      await pool.read(path, start, new Uint8Array(words.buffer))
      checkSpareBits(path, name, { rows, columns, words })
      masks.set(name, { rows, columns, words })
    }
    return masks
  } catch (error) {
    throw readError(error, path)
  } finally {
    await pool.close()
  }
}

/** Writes all masks and makes them durable. @throws EngineError 'disk'. */
export async function writeMaskFile(path: string, masks: ReadonlyMap<string, MaskBits>): Promise<void> {
  const list = [...masks].map(([name, { rows, columns }]) => ({ name, rows, columns }))
  try {
    const handle = await createOwn(path)
    try {
      await handle.writeFile(encodeMaskHeader(list))
      for (const { words } of masks.values()) {
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
  const perRow = maskWordsPerRow(columns)
  const spare = columns % 32 === 0 ? 0 : (~0 << (columns % 32)) >>> 0
  for (let r = 1; r <= rows && perRow > 0; r++) {
    if (words[r * perRow - 1] & spare) {
      throw new EngineError(
        'bad-checkpoint',
        `${path}: ${name} keeps columns it does not have; save the pruned model again`,
      )
    }
  }
}
