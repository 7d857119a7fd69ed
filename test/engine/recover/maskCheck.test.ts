import assert from 'node:assert/strict'
import { createRng } from '../../../src/engine/rng.ts'
import { maskOfZeros } from '../../../src/engine/prune/mask.ts'
import { unpackMask } from '../../support/masks.ts'
import { brokenEntries, checkMask } from '../../../src/engine/recover/maskCheck.ts'

const [rows, columns] = [5, 37]
const rng = createRng(3, 'mask check')
const mask = maskOfZeros(
  Array.from({ length: rows * columns }, () => (rng.uniform() < 0.5 ? 1 : 0)),
  rows,
  columns,
)
const kept = unpackMask(mask)

/** A weight that keeps the mask, as the file would hold it. */
function stored(bytesPerWeight: 2 | 4, transposed: boolean) {
  const bits = bytesPerWeight === 2 ? new Uint16Array(rows * columns) : new Uint32Array(rows * columns)
  const at = (r: number, c: number) => (transposed ? c * rows + r : r * columns + c)
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) bits[at(r, c)] = kept[r * columns + c] ? 0x3f80 : 0
  return { bits, at, weight: { name: 'w', bytes: new Uint8Array(bits.buffer), bytesPerWeight, transposed } }
}

describe('mask check', () => {
  for (const bytesPerWeight of [2, 4] as const)
    for (const transposed of [false, true])
      it(`finds each pruned weight that came back (${bytesPerWeight} bytes, ${transposed ? '[in, out]' : '[out, in]'})`, () => {
        const { bits, at, weight } = stored(bytesPerWeight, transposed)
        assert.equal(brokenEntries(mask, weight), 0)
        for (let r = 0; r < rows; r++)
          for (let c = 0; c < columns; c++) {
            const before = bits[at(r, c)]
            bits[at(r, c)] = 1
            assert.equal(brokenEntries(mask, weight), kept[r * columns + c] ? 0 : 1)
            bits[at(r, c)] = before
          }
      })

  it('finds each of them where rows are whole words, and entries are looked at two at a time', () => {
    const kept = Array.from({ length: 3 * 64 }, (_, i) => (i * 7) % 5 < 2)
    const whole = maskOfZeros(
      kept.map((k) => (k ? 1 : 0)),
      3,
      64,
    )
    const bits = Uint16Array.from(kept, (k) => (k ? 0x3f80 : 0x8000))
    const weight = { name: 'w', bytes: new Uint8Array(bits.buffer), bytesPerWeight: 2 as const, transposed: false }
    assert.equal(brokenEntries(whole, weight), 0)
    for (const [i, keeps] of kept.entries()) {
      const before = bits[i]
      bits[i] = 1
      assert.equal(brokenEntries(whole, weight), keeps ? 0 : 1)
      bits[i] = before
    }
  })

  it('lets a kept weight round to 0 and a pruned one be −0', () => {
    const { bits, weight } = stored(2, false)
    bits.fill(0x8000)
    checkMask(mask, weight)
  })

  it('throws mask-broken with the name of the weight and the count', () => {
    const { bits, weight } = stored(4, false)
    bits.fill(1)
    const pruned = kept.reduce((n, k) => n + (k ? 0 : 1), 0)
    assert.throws(() => checkMask(mask, weight), { code: 'mask-broken', message: new RegExp(`^w: ${pruned} pruned`) })
  })

  it('looks at both halves of a double', () => {
    const one = maskOfZeros([0], 1, 1)
    const weight = (value: number) => ({
      name: 'w',
      bytes: new Uint8Array(Float64Array.of(value).buffer),
      bytesPerWeight: 8 as const,
      transposed: false,
    })
    assert.deepEqual(
      [0, -0, 1, -1, 5e-324].map((value) => brokenEntries(one, weight(value))),
      [0, 0, 1, 1, 1],
    )
  })

  it('reads bytes that start at an odd address', () => {
    const { weight } = stored(4, false)
    const moved = new Uint8Array(weight.bytes.length + 1)
    moved.set(weight.bytes, 1)
    assert.equal(brokenEntries(mask, { ...weight, bytes: moved.subarray(1) }), 0)
  })
})
