// The last check before weights are saved: every pruned entry is exactly 0 in the bytes that go into the file.
import { halvesAreZero } from '../checkpoint/halfLook.ts'
import { EngineError } from '../errors.ts'
import type { Mask } from '../prune/mask.ts'

/** A weight as the bytes that go into the file. */
export interface StoredWeight {
  readonly name: string
  readonly bytes: Uint8Array
  /** 2 for F16 and BF16, 4 for F32, 8 for F64. Little-endian. */
  readonly bytesPerWeight: 2 | 4 | 8
  /** The file holds [I, O] (GPT-2's Conv1D); masks are [O, I]. */
  readonly transposed: boolean
}

/** Pruned entries whose stored bits are not a zero. −0 is a zero: it equals 0 everywhere. */
export function brokenEntries(mask: Mask, stored: StoredWeight): number {
  const { rows, columns, words } = mask
  const wordsPerRow = words.length / Math.max(1, rows)
  if (columns % 32 === 0 && stored.bytesPerWeight === 2 && !stored.transposed && halvesAreZero(stored.bytes, words))
    return 0
  const { bits, magnitude } = bitsOf(stored)
  const [rowStep, columnStep] = stored.transposed ? [1, rows] : [columns, 1]
  let broken = 0
  for (let row = 0; row < rows; row++)
    for (let word = 0; word < wordsPerRow; word++) {
      const pruned = ~words[row * wordsPerRow + word]
      if (pruned === 0) continue
      const end = Math.min(32, columns - 32 * word)
      const start = row * rowStep + 32 * word * columnStep
      // Half of the bits are set, in no order: a branch on them would be guessed wrong every other time.
      for (let bit = 0; bit < end; bit++)
        broken += (pruned >>> bit) & Number((bits[start + bit * columnStep] & magnitude) !== 0)
    }
  return broken
}

/** Throws `mask-broken` when pruned weights are not 0. A kept weight may have become 0. */
export function checkMask(mask: Mask, stored: StoredWeight): void {
  const expected = mask.rows * mask.columns * stored.bytesPerWeight
  if (stored.bytes.byteLength !== expected)
    throw new EngineError('internal', `${stored.name}: ${stored.bytes.byteLength} bytes for a mask of ${expected}`)
  const broken = brokenEntries(mask, stored)
  if (broken > 0)
    throw new EngineError(
      'mask-broken',
      `${stored.name}: ${broken} pruned weights are no longer 0 after merging, so nothing was saved; please report this recipe`,
    )
}

/** The elements as integers, and which of their bits are not the sign. */
function bitsOf({ bytes, bytesPerWeight }: StoredWeight): { bits: Uint16Array | Uint32Array; magnitude: number } {
  // Slices of larger buffers may start at odd addresses, which typed arrays refuse.
  const { buffer, byteOffset } = bytes.byteOffset % bytesPerWeight === 0 ? bytes : bytes.slice()
  if (bytesPerWeight === 2)
    return { bits: new Uint16Array(buffer, byteOffset, bytes.byteLength / 2), magnitude: 0x7fff }
  const halves = new Uint32Array(buffer, byteOffset, bytes.byteLength / 4)
  if (bytesPerWeight === 4) return { bits: halves, magnitude: 0x7fffffff }
  const folded = new Uint32Array(halves.length / 2)
  for (let i = 0; i < folded.length; i++) folded[i] = halves[2 * i] | (halves[2 * i + 1] << 1)
  return { bits: folded, magnitude: 0xffffffff }
}
