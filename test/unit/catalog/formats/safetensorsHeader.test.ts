import assert from 'node:assert/strict'
import {
  encodeHeader,
  headerLength,
  parseHeader,
  refuseUnknown,
} from '../../../../src/catalog/formats/safetensorsHeader.ts'
import { FormatError } from '../../../../src/errors.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const parse = (header: unknown, dataBytes: number) => {
  const parsed = parseHeader(bytes(typeof header === 'string' ? header : JSON.stringify(header)), dataBytes)
  refuseUnknown(parsed)
  return parsed
}
const entry = (dtype: string, shape: unknown, start: unknown, end: unknown) => ({
  dtype,
  shape,
  data_offsets: [start, end],
})
const refuses = (run: () => unknown, message: RegExp) =>
  assert.throws(run, (error) => error instanceof FormatError && message.test(error.message))

describe('parseHeader', () => {
  it('returns tensors in the order of the header, whatever the order of the data', () => {
    const { tensors } = parse({ b: entry('F32', [2], 4, 12), a: entry('BF16', [2, 1], 0, 4) }, 12)
    assert.deepEqual(
      tensors.map((t) => [t.name, t.dtype, t.shape, t.start, t.end]),
      [
        ['b', 'F32', [2], 4, 12],
        ['a', 'BF16', [2, 1], 0, 4],
      ],
    )
  })

  it('accepts scalars, empty tensors and every element type of the format', () => {
    const widths = {
      F64: 8,
      I64: 8,
      U64: 8,
      C64: 8,
      F32: 4,
      I32: 4,
      U32: 4,
      F16: 2,
      BF16: 2,
      I16: 2,
      U16: 2,
      F8_E4M3: 1,
      F8_E5M2: 1,
      F8_E8M0: 1,
      I8: 1,
      U8: 1,
      BOOL: 1,
    }
    const header: Record<string, unknown> = { empty: entry('F32', [0, 7], 0, 0) }
    let end = 0
    for (const [dtype, width] of Object.entries(widths)) header[dtype] = entry(dtype, [], end, (end += width))
    header.F4 = entry('F4', [2], end, ++end)
    assert.equal(parse(header, end).tensors.length, 19)
  })

  it('keeps __metadata__ apart and requires strings in it', () => {
    const { tensors, metadata } = parse({ __metadata__: { format: 'pt' } }, 0)
    assert.equal(tensors.length, 0)
    assert.equal(metadata.get('format'), 'pt')
    refuses(() => parse({ __metadata__: { format: 1 } }, 0), /not a string/)
  })

  const hostile: [what: string, header: unknown, dataBytes: number, message: RegExp][] = [
    ['no JSON', '{', 0, /not valid JSON/],
    ['no object', '[]', 0, /not a JSON object/],
    ['text after the object', '{}x', 0, /not valid JSON/],
    [
      'a tensor twice',
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
      2,
      /"a" appears twice/,
    ],
    [
      'a key of a tensor twice',
      '{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}',
      1,
      /"dtype" appears twice/,
    ],
    [
      'an escaped form of the same name',
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
      2,
      /appears twice/,
    ],
    ['__proto__ as a name', '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1, /reserved/],
    ['an empty name', { '': entry('U8', [1], 0, 1) }, 1, /is empty/],
    ['control characters in a name', { 'a\u001b[2J': entry('U8', [1], 0, 1) }, 1, /control characters/],
    ['an unknown type', { a: entry('F3', [1], 0, 1) }, 1, /dtype is "F3"; convert it to one of F64/],
    ['a type that objects inherit', { a: entry('toString', [1], 0, 1) }, 1, /dtype is "toString"/],
    ['a negative dimension', { a: entry('U8', [-1, -1], 0, 1) }, 1, /whole numbers/],
    ['a fractional dimension', { a: entry('U8', [0.5, 2], 0, 1) }, 1, /whole numbers/],
    ['a dimension as text', { a: entry('U8', ['1'], 0, 1) }, 1, /whole numbers/],
    [
      'a dimension above 2^53',
      '{"a":{"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,1]}}',
      1,
      /whole numbers/,
    ],
    [
      'a shape whose product overflows',
      { a: entry('U8', [2 ** 40, 2 ** 40], 0, 1) },
      1,
      /more bytes than can be counted/,
    ],
    [
      'a shape that wraps to the right size in 64 bits',
      { a: entry('U8', [2 ** 32, 2 ** 32, 1], 0, 0) },
      0,
      /more bytes/,
    ],
    ['a shape of too many dimensions', { a: entry('U8', Array(65).fill(1), 0, 1) }, 1, /at most 64/],
    ['fewer bytes than the shape needs', { a: entry('F32', [2], 0, 4) }, 4, /F32 \[2\] needs 8 bytes, the file has 4/],
    ['half a byte', { a: entry('F4', [1], 0, 1) }, 1, /needs more bytes|needs/],
    ['offsets in reverse', { a: entry('U8', [1], 1, 0) }, 1, /not within/],
    ['offsets past the end', { a: entry('U8', [2], 0, 2) }, 1, /not within the file's 1 bytes/],
    ['negative offsets', { a: entry('U8', [1], -1, 0) }, 1, /two whole numbers/],
    ['three offsets', { a: { dtype: 'U8', shape: [1], data_offsets: [0, 1, 1] } }, 1, /two whole numbers/],
    ['overlapping tensors', { a: entry('U8', [2], 0, 2), b: entry('U8', [2], 1, 3) }, 3, /"b" overlaps "a"/],
    ['two tensors in one place', { a: entry('U8', [2], 0, 2), b: entry('I8', [2], 0, 2) }, 2, /overlaps/],
    [
      'a gap between tensors',
      { a: entry('U8', [1], 0, 1), b: entry('U8', [1], 2, 3) },
      3,
      /1 bytes between "a" and "b"/,
    ],
    ['a gap before the first', { a: entry('U8', [1], 1, 2) }, 2, /between the header and "a"/],
    ['bytes after the last', { a: entry('U8', [1], 0, 1) }, 3, /last 2 bytes/],
    ['missing fields', { a: {} }, 0, /dtype is missing/],
    ['nesting without end', `${'['.repeat(100_000)}`, 0, /nested deeper/],
  ]
  for (const [what, header, dataBytes, message] of hostile) {
    it(`refuses ${what}`, () => refuses(() => parse(header, dataBytes), message))
  }

  it('refuses bytes that are not UTF-8', () => {
    refuses(() => parseHeader(Uint8Array.of(0x7b, 0xff, 0x7d), 0), /not UTF-8/)
  })
})

describe('headerLength', () => {
  const length = (n: bigint) => new Uint8Array(new BigUint64Array([n]).buffer)

  it('reads eight bytes, little-endian', () => assert.equal(headerLength(length(258n), 1000), 258))
  it('refuses an empty file', () => refuses(() => headerLength(new Uint8Array(0), 0), /is empty/))
  it('refuses a file shorter than the length', () => refuses(() => headerLength(new Uint8Array(5), 5), /only 5 bytes/))
  it('refuses a header past the end', () => refuses(() => headerLength(length(100n), 107), /ends after 107/))
  it('refuses a header above the limit of 100 MB', () => {
    refuses(() => headerLength(length(100_000_001n), 1e12), /limit/)
    refuses(() => headerLength(length(2n ** 64n - 1n), 1e12), /limit/)
  })
  it('names the remedy for what people mistake for safetensors', () => {
    refuses(() => headerLength(bytes('version https'), 130), /git lfs pull/)
    refuses(() => headerLength(bytes('version: 1\nmodel'), 1000), /not a safetensors file/)
    refuses(() => headerLength(bytes('PK\x03\x04....'), 1000), /file of PyTorch under another name/)
    refuses(
      () => headerLength(Uint8Array.of(0x80, 2, 0x8a, 10, 1, 1, 1, 1), 1000),
      /file of PyTorch under another name/,
    )
    refuses(() => headerLength(bytes('GGUF\x03\0\0\0'), 1000), /GGUF/)
  })
  it('accepts a header of 640 bytes, whose length begins as a pickle does', () => {
    assert.equal(headerLength(length(640n), 10_000), 640)
  })
})

describe('encodeHeader', () => {
  it('is what parseHeader reads, aligned to 8 bytes', () => {
    const header = {
      tensors: [
        { name: 'ä"\\', dtype: 'BF16', shape: [3, 2], start: 0, end: 12 },
        { name: 'b', dtype: 'I64', shape: [], start: 12, end: 20 },
      ],
      metadata: new Map([['format', 'pt']]),
    } as const
    const encoded = encodeHeader(header)
    assert.equal(encoded.length % 8, 0)
    const length = headerLength(encoded.subarray(0, 8), encoded.length + 20)
    assert.equal(length, encoded.length - 8)
    assert.deepEqual(parseHeader(encoded.subarray(8), 20), { ...header, unknown: [] })
  })
})
