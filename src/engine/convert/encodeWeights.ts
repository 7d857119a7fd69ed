// Numbers as the bytes of ggml's types.
import type { OutputType } from '../../catalog/formats/gguf/ggmlTypes.ts'
import { f32ToBf16, f32ToF16 } from '../dtype.ts'

/** Numbers of whole blocks. @throws RangeError for a finite number that F16 cannot hold. */
export function encodeWeights(type: OutputType, numbers: Float32Array): Uint8Array<ArrayBuffer> {
  switch (type) {
    case 'F32':
      return new Uint8Array(new Float32Array(numbers).buffer)
    case 'F16':
      return halves(numbers, toF16)
    case 'BF16':
      return halves(numbers, f32ToBf16)
    case 'Q8_0':
      return q8(numbers)
  }
}

function halves(numbers: Float32Array, encode: (number: number) => number): Uint8Array<ArrayBuffer> {
  const out = new Uint16Array(numbers.length)
  for (let i = 0; i < numbers.length; i++) out[i] = encode(numbers[i])
  return new Uint8Array(out.buffer)
}

function toF16(number: number): number {
  const bits = f32ToF16(number)
  if ((bits & 0x7fff) === 0x7c00 && Number.isFinite(number)) throw new RangeError(`${number} is too large for F16`)
  return bits
}

const block = 32
const blockBytes = 34

/**
 * d = max |w| / 127, stored as f16; q = w / d, halves away from zero: ggml's quantize_row_q8_0_ref, in single precision. A zero
 * stays zero.
 */
function q8(numbers: Float32Array): Uint8Array<ArrayBuffer> {
  const count = numbers.length / block
  const out = new Uint8Array(count * blockBytes)
  const view = new DataView(out.buffer)
  for (let b = 0; b < count; b++) {
    const first = b * block
    let most = 0
    for (let i = first; i < first + block; i++) most = Math.max(most, Math.abs(numbers[i]))
    const d = Math.fround(most / 127)
    const inverse = d === 0 ? 0 : Math.fround(1 / d)
    view.setUint16(b * blockBytes, toF16(d), true)
    for (let i = 0; i < block; i++) {
      const scaled = Math.fround(numbers[first + i] * inverse)
      view.setInt8(b * blockBytes + 2 + i, Math.sign(scaled) * Math.round(Math.abs(scaled)))
    }
  }
  return out
}
