// Masks as tests write and read them.
import { maskOfZeros, type Mask } from '../../src/engine/prune/mask.ts'
import { maskWords } from '../../src/catalog/formats/maskFile.ts'

/** A mask that keeps nothing, or everything. */
export function createMask(rows: number, columns: number, keep: boolean): Mask {
  return maskOfZeros(new Uint8Array(rows * columns).fill(Number(keep)), rows, columns)
}

/** The mask as one byte per weight, row-major, 1 = kept. */
export function unpackMask({ rows, columns, words }: Mask): Uint8Array {
  const perRow = maskWords(columns)
  return Uint8Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns]
    return (words[row * perRow + (column >> 5)] >>> (column & 31)) & 1
  })
}
