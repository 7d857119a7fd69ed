import { deepEqual, equal, rejects, throws } from 'node:assert/strict'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { maskedCheckpoint, underMaskOf } from '../../../src/engine/checkpoint/maskedCheckpoint.ts'
import type { MaskBits } from '../../../src/engine/checkpoint/storedMask.ts'
import { compareCheckpoints } from '../../../src/engine/checkpoint/stats/compareCheckpoints.ts'
import { cli } from '../../support/cli.ts'
import { writeBitmaskFolder } from '../../support/bitmaskFolder.ts'
import { scratch } from '../../support/scratch.ts'
import { writeTinyModel } from '../../support/tinyModel.ts'
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
        const zeros = Array.from({ length: rows * columns }, (_, i) =>
          all.subarray(i * width, (i + 1) * width).every((byte) => byte === 0),
        )
        const expected = zeros.map((_, i) =>
          transposed ? !kept(i % rows, Math.floor(i / rows)) : !kept(Math.floor(i / columns), i % columns),
        )
        deepEqual(zeros, expected)
        deepEqual(await masked.readRange(name, 7 * width, 41 * width), all.subarray(7 * width, 41 * width))
        const other = [...plain.tensors.keys()].find((one) => one !== name) ?? ''
        deepEqual(await masked.read(other), await plain.read(other))
      })

  it('is what pruning left of it, whether the mask is in a file or in the bits of the result, and knows it as its mask', async () => {
    const temp = scratch()
    await writeTinyModel(temp.path('dense'), smallOpt)
    const dense = await openCheckpoint(temp.path('dense'))
    const recipe = { version: 1, model: 'dense', prune: [{ sparsity: 0.5 }], save: { to: 'pruned' } }
    temp.write('r.prune.yaml', JSON.stringify(recipe))
    const { status, stderr } = await cli('run', temp.path('r.prune.yaml'), '--device', 'cpu')
    equal(status, 0, stderr)
    await writeBitmaskFolder(temp.path('pruned'), temp.path('bits'))
    for (const folder of ['pruned', 'bits']) {
      const pruned = await openCheckpoint(temp.path(folder))
      const { changed, maskPreserved } = await compareCheckpoints(await underMaskOf(dense, pruned.path), pruned)
      deepEqual([changed, maskPreserved], [[], true])
      await pruned.close()
    }
    await rejects(underMaskOf(dense, dense.path), { code: 'bad-checkpoint', message: /has no sparsescope\.mask/ })
    await dense.close()
  })

  it('is refused with the mask of another model', () => {
    const { plain } = viewOf(false, 'F32')
    throws(() => maskedCheckpoint(plain, storedMasks([[name, mask]]), () => undefined), /give the mask of this model/)
  })
})
