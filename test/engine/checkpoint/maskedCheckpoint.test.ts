import { deepEqual, throws } from 'node:assert/strict'
import { maskedCheckpoint } from '../../../src/engine/checkpoint/maskedCheckpoint.ts'
import type { MaskBits } from '../../../src/engine/checkpoint/storedMask.ts'
import { storedMasks } from '../../support/storedMasks.ts'
import { createMemoryCheckpoint } from '../../support/memoryCheckpoint.ts'
import { smallOpt } from '../../support/memoryCheckpoint.ts'

const [rows, columns] = [3, 34]
const name = 'fc.weight'
/** Every fifth weight goes. */
const kept = (row: number, column: number) => (row * columns + column) % 5 !== 0
const mask: MaskBits = { rows, columns, words: new Uint32Array(2 * rows) }
for (let r = 0; r < rows; r++)
  for (let c = 0; c < columns; c++) if (kept(r, c)) mask.words[2 * r + (c >>> 5)] |= 1 << (c & 31)

function viewOf(transposed: boolean, dtype: 'F32' | 'BF16') {
  const plain = createMemoryCheckpoint(smallOpt)
  const stored = transposed ? [columns, rows] : [rows, columns]
  plain.put(name, stored, new Float32Array(rows * columns).fill(1), dtype)
  const matrix = { shape: [rows, columns], transposed }
  return {
    plain,
    masked: maskedCheckpoint(plain, storedMasks([[name, mask]]), (of) => (of === name ? matrix : undefined)),
  }
}

describe('a checkpoint through a mask', () => {
  for (const dtype of ['F32', 'BF16'] as const)
    for (const transposed of [false, true])
      it(`has zeros where the mask has pruned, whatever part is read: ${dtype}${transposed ? ', stored transposed' : ''}`, async () => {
        const { plain, masked } = viewOf(transposed, dtype)
        const width = dtype === 'F32' ? 4 : 2
        const all = await masked.read(name)
        const zeros = Array.from({ length: rows * columns }, (_, i) => all.subarray(i * width, (i + 1) * width).every((byte) => byte === 0)) // prettier-ignore
        const expected = zeros.map((_, i) => (transposed ? !kept(i % rows, Math.floor(i / rows)) : !kept(Math.floor(i / columns), i % columns))) // prettier-ignore
        deepEqual(zeros, expected)
        deepEqual(await masked.readRange(name, 7 * width, 41 * width), all.subarray(7 * width, 41 * width))
        const other = [...plain.tensors.keys()].find((one) => one !== name) ?? ''
        deepEqual(await masked.read(other), await plain.read(other))
      })

  it('the mask of another model is refused', () => {
    const { plain } = viewOf(false, 'F32')
    throws(() => maskedCheckpoint(plain, storedMasks([[name, mask]]), () => undefined), /mask of another model/)
  })
})
