// Masks that stay in their file until they are needed: those of a model of 30 B parameters are 3.8 GB together.
import { maskWords } from '../../catalog/formats/maskFile.ts'
import { FilePool } from './filePool.ts'

/** Row-aligned words, bit c of a row = column c, 1 = kept; rows are outputs, columns inputs. */
export interface MaskBits {
  readonly rows: number
  readonly columns: number
  readonly words: Uint32Array
}

export interface StoredMask {
  readonly rows: number
  readonly columns: number
  /** @throws EngineError 'bad-checkpoint' when its file is damaged, 'not-found' when it is no longer there. */
  read(): Promise<MaskBits>
}

/** Masks by the name of a module or of its weight. */
export type StoredMasks = ReadonlyMap<string, StoredMask>

/** A mask whose words are in a file from byte `start` on; `check` checks what was read. */
export function maskInFile(
  path: string,
  { rows, columns, start }: { rows: number; columns: number; start: number },
  check?: (mask: MaskBits) => void,
): StoredMask {
  const read = async () => {
    const words = new Uint32Array(rows * maskWords(columns))
    const pool = new FilePool()
    try {
      await pool.read(path, start, new Uint8Array(words.buffer))
    } finally {
      await pool.close()
    }
    const mask = { rows, columns, words }
    check?.(mask)
    return mask
  }
  return { rows, columns, read }
}

/** Reads masks and keeps the last one, since the pieces of a weight all need the same mask. */
export function lastKept(masks: StoredMasks): (name: string) => Promise<MaskBits | null> {
  let last: { name: string; mask: Promise<MaskBits> | undefined } | null = null
  return async (name) => {
    if (last?.name !== name) last = { name, mask: masks.get(name)?.read() }
    return (await last.mask) ?? null
  }
}

/** Whether at least one weight is pruned. */
export function prunesAny({ columns, words }: MaskBits): boolean {
  const perRow = maskWords(columns)
  const last = columns % 32 === 0 ? -1 : (1 << (columns % 32)) - 1
  return words.some((word, i) => (word | 0) !== ((i + 1) % perRow === 0 ? last : -1))
}
