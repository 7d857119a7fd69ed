// Blocks of quantised weights against numbers worked out by hand from ggml's layouts. (Random blocks of every type agree bit for
// bit with the `gguf` package of PyPI, which was tried by hand.)
import assert from 'node:assert/strict'
import { widen } from '../../../../src/engine/checkpoint/gguf/readGgufFile.ts'

/** f16 of 1, 0.5 and 2. */
const [one, half, two] = [
  [0x00, 0x3c],
  [0x00, 0x38],
  [0x00, 0x40],
]

describe('a quantised block as numbers', () => {
  it('is in Q8_0 the scale times a signed byte', () => {
    const block = Uint8Array.from([...half, 127, 0x80, 0, 255, ...new Array<number>(28).fill(2)])
    assert.deepEqual([...widen('Q8_0', block)], [63.5, -64, 0, -0.5, ...new Array<number>(28).fill(1)])
  })

  it('is in Q4_0 the low halves of the bytes first, less 8', () => {
    const block = Uint8Array.from([...two, 0xf0, 0x08, ...new Array<number>(14).fill(0x88)])
    const numbers = widen('Q4_0', block)
    assert.deepEqual([...numbers.subarray(0, 3)], [-16, 0, 0])
    assert.deepEqual([...numbers.subarray(16, 19)], [14, -16, 0])
    assert.equal(numbers.length, 32)
  })

  /** Scales s and minima m, six bits each, of eight groups, packed as ggml does. */
  const packed = (s: number[], m: number[]) =>
    Array.from({ length: 12 }, (_, i) => {
      if (i < 4) return s[i] | ((s[i + 4] >> 4) << 6)
      if (i < 8) return m[i - 4] | ((m[i] >> 4) << 6)
      return (s[i - 4] & 15) | ((m[i - 4] & 15) << 4)
    })
  const scales = [1, 2, 63, 4, 33, 6, 17, 62]
  const minima = [0, 1, 2, 3, 60, 5, 48, 63]

  it('is in Q4_K d · s · q − m₀ · m, with a scale and a minimum for each 32', () => {
    const quants = Array.from({ length: 128 }, (_, i) => i % 256)
    const numbers = widen('Q4_K', Uint8Array.from([...half, ...two, ...packed(scales, minima), ...quants]))
    for (let group = 0; group < 8; group++)
      for (let i = 0; i < 32; i++) {
        const byte = quants[32 * (group >> 1) + i]
        const q = group % 2 === 0 ? byte & 15 : byte >> 4
        assert.equal(numbers[32 * group + i], 0.5 * scales[group] * q - 2 * minima[group], `${group} ${i}`)
      }
  })

  it('has in Q5_K a fifth bit for each weight, bit g of 32 bytes for group g', () => {
    const high = Array.from({ length: 32 }, (_, i) => (37 * i) & 255)
    const low = Array.from({ length: 128 }, (_, i) => (91 * i) & 255)
    const numbers = widen('Q5_K', Uint8Array.from([...one, ...half, ...packed(scales, minima), ...high, ...low]))
    for (let group = 0; group < 8; group++)
      for (let i = 0; i < 32; i++) {
        const byte = low[32 * (group >> 1) + i]
        const q = (group % 2 === 0 ? byte & 15 : byte >> 4) + 16 * ((high[i] >> group) & 1)
        assert.equal(numbers[32 * group + i], scales[group] * q - 0.5 * minima[group], `${group} ${i}`)
      }
  })

  it('is in Q6_K d · s · (q − 32), with a signed scale for each 16', () => {
    const low = Array.from({ length: 128 }, (_, i) => (53 * i) & 255)
    const high = Array.from({ length: 64 }, (_, i) => (29 * i) & 255)
    const s = Array.from({ length: 16 }, (_, i) => 3 * i - 20)
    const numbers = widen('Q6_K', Uint8Array.from([...low, ...high, ...s.map((x) => x & 255), ...half]))
    for (let i = 0; i < 256; i++) {
      const [part, within] = [i >> 7, i & 127]
      const nibble = low[64 * part + (within & 63)] >> (within < 64 ? 0 : 4)
      const top = high[32 * part + (within & 31)] >> (2 * (within >> 5))
      const q = (nibble & 15) + 16 * (top & 3)
      assert.equal(numbers[i], 0.5 * s[i >> 4] * (q - 32), String(i))
    }
  })

  it('is exactly zeros where it holds zeros', () => {
    for (const [type, bytes] of [
      ['Q8_0', 34],
      ['Q4_K', 144],
      ['Q5_K', 176],
      ['Q6_K', 210],
    ] as const)
      assert.ok(widen(type, new Uint8Array(2 * bytes)).every((number) => number === 0))
  })
})
