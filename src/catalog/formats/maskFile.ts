// The format of `sparsescope.mask`, the file beside the weights that says which weights of each matrix are kept.
//   8 bytes  "SSMASK01"
//   4 bytes  length of the JSON, little-endian
//   JSON     {"<tensor name>": {"shape": [rows, columns], "start": <first word>}, …}, padded with spaces to 4 bytes
//   words    u32 little-endian. Row r of a mask starts at word start + r · ⌈columns / 32⌉; bit (c mod 32) of its word
//            ⌊c / 32⌋ is column c: 1 = kept. Bits past the last column are 0.
// Rows are outputs and columns are inputs, also where the checkpoint stores the matrix transposed.
import { isCount } from './dtypes.ts'
import { FormatError, quoted } from '../../errors.ts'
import { asObject, parseJson } from './json.ts'
import { checkName, decodeUtf8 } from './safetensorsHeader.ts'

export interface MaskPlace {
  readonly name: string
  readonly rows: number
  readonly columns: number
  /** Bytes from the start of the file. */
  readonly start: number
  readonly bytes: number
}

export const maskName = 'sparsescope.mask'

const magic = 'SSMASK01'
export const maskPrefixBytes = 12
const maxHeaderBytes = 100_000_000

/** Words in a row of a mask over `columns` columns: every row starts at a new word. */
export function maskWords(columns: number): number {
  return Math.ceil(columns / 32)
}

/** Everything before the words, for masks that follow each other in this order. */
export function encodeMaskHeader(masks: readonly { name: string; rows: number; columns: number }[]): Uint8Array {
  let word = 0
  const entries = masks.map(({ name, rows, columns }) => {
    const entry = `${JSON.stringify(name)}:${JSON.stringify({ shape: [rows, columns], start: word })}`
    word += rows * maskWords(columns)
    return entry
  })
  const json = new TextEncoder().encode(`{${entries.join(',')}}`)
  const padded = Math.ceil(json.length / 4) * 4
  const bytes = new Uint8Array(maskPrefixBytes + padded).fill(0x20)
  bytes.set(new TextEncoder().encode(magic))
  new DataView(bytes.buffer).setUint32(8, padded, true)
  bytes.set(json, maskPrefixBytes)
  return bytes
}

/** Length of the JSON. @throws FormatError when this is no mask file. */
export function maskHeaderLength(prefix: Uint8Array, fileBytes: number): number {
  if (prefix.length < maskPrefixBytes || String.fromCharCode(...prefix.subarray(0, 8)) !== magic) {
    throw new FormatError(`it does not begin with ${magic}; remove it, or save the pruned model again`)
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset).getUint32(8, true)
  if (length > maxHeaderBytes || maskPrefixBytes + length > fileBytes) {
    throw new FormatError(
      `its header claims ${length} bytes, but the file has ${fileBytes}; save the pruned model again`,
    )
  }
  return length
}

/** Places of all masks: they follow each other and fill the file. @throws FormatError */
export function parseMaskHeader(json: Uint8Array, fileBytes: number): readonly MaskPlace[] {
  const first = maskPrefixBytes + json.length
  let word = 0
  const places: MaskPlace[] = []
  for (const [name, value] of asObject(parseJson(decodeUtf8(json)), 'its header')) {
    checkName(name)
    const fields = asObject(value, quoted(name))
    const shape = fields.get('shape')
    if (!Array.isArray(shape) || shape.length !== 2 || !shape.every(isCount)) {
      throw new FormatError(`${quoted(name)}: its shape must be two whole numbers; save the pruned model again`)
    }
    const [rows, columns] = shape as [number, number]
    const words = rows * maskWords(columns)
    if (fields.get('start') !== word || !Number.isSafeInteger(word + words)) {
      throw new FormatError(`${quoted(name)}: its words should start at ${word}; save the pruned model again`)
    }
    places.push({ name, rows, columns, start: first + 4 * word, bytes: 4 * words })
    word += words
  }
  if (first + 4 * word !== fileBytes) {
    throw new FormatError(
      `its masks need ${first + 4 * word} bytes, the file has ${fileBytes}; save the pruned model again`,
    )
  }
  return places
}
