// Headers of GGUF: bytes put together by hand, headers that mean harm, and mutants.
import assert from 'node:assert/strict'
import { FormatError } from '../../../../../src/errors.ts'
import { layOutGguf } from '../../../../../src/catalog/formats/gguf/encodeGguf.ts'
import { ggmlType } from '../../../../../src/catalog/formats/gguf/ggmlTypes.ts'
import { readGgufHeader } from '../../../../../src/catalog/formats/gguf/ggufHeader.ts'
import { holds, patience } from '../../../../support/fuzz.ts'
import { ggufFile, keyText, keyTexts, keyU32, text, u32, u64 } from '../../../../support/gguf.ts'

/** Most bytes asked for at a time, so that what a header claims is seen never to be set aside. */
let largestRead = 0
const read = (bytes: Buffer, size = bytes.length) =>
  readGgufHeader({
    size,
    async read(start, target) {
      largestRead = Math.max(largestRead, target.length)
      target.set(bytes.subarray(start, start + target.length))
    },
  })
const refuses = (bytes: Buffer, message: RegExp, size?: number) =>
  assert.rejects(read(bytes, size), (error) => error instanceof FormatError && message.test(error.message))

const matrix = { type: 0, dims: [3, 2], data: new Uint8Array(24).fill(1) }
const head = (tensors: number | bigint, keys: number | bigint, ...rest: Buffer[]) =>
  Buffer.concat([Buffer.from('GGUF'), u32(3), u64(tensors), u64(keys), ...rest])

describe('the header of a GGUF file', () => {
  it('gives names, shapes with the outputs first, types, places and metadata as they are written', async () => {
    const q8 = { type: 8, dims: [64, 2], data: new Uint8Array(4 * 34) }
    const odd = { type: 99, dims: [5], data: new Uint8Array(7) }
    const keys = [keyText('general.architecture', 'llama'), keyU32('llama.block_count', 2), keyTexts('few', ['a', 'ü'])]
    const { tensors, metadata, dataStart, version } = await read(ggufFile({ w: matrix, q: q8, odd }, keys))
    assert.equal(version, 3)
    assert.equal(dataStart % 32, 0)
    assert.deepEqual(
      tensors.map(({ name, typeName, shape, start, end }) => [name, typeName, shape, start, end]),
      [
        ['w', 'F32', [2, 3], 0, 24],
        ['q', 'Q8_0', [2, 64], 32, 32 + 136],
        ['odd', 'type 99', [5], 192, 192],
      ],
    )
    assert.deepEqual(
      [...metadata],
      [
        ['general.architecture', 'llama'],
        ['llama.block_count', '2'],
        ['few', '["a", "ü"]'],
      ],
    )
  })

  it('folds a vocabulary of a hundred thousand words, and finds what comes after it', async () => {
    const words = Array.from({ length: 100_000 }, (_, i) => `word ${i}`)
    largestRead = 0
    const { metadata } = await read(ggufFile({ w: matrix }, [keyTexts('words', words), keyU32('after', 7)]))
    assert.equal(metadata.get('words'), '["word 0", "word 1", "word 2", "word 3", … 100000 in all]')
    assert.equal(metadata.get('after'), '7')
    assert.ok(largestRead <= 2 ** 20)
  })

  it('reads every kind of number', async () => {
    const number = (type: number, ...bytes: number[]) =>
      Buffer.concat([text(`k${type}`), u32(type), Buffer.from(bytes)])
    const keys = [
      number(0, 255),
      number(1, 255),
      number(2, 1, 2),
      number(3, 254, 255),
      number(5, 255, 255, 255, 255),
      number(6, 0xac, 0xc5, 0x27, 0x37), // 1e-5 as f32
      number(7, 1),
      number(10, 255, 255, 255, 255, 255, 255, 255, 255),
      number(11, 255, 255, 255, 255, 255, 255, 255, 255),
      number(12, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f),
      Buffer.concat([text('list'), u32(9), u32(5), u64(6), ...[1, 2, 3, 4, 5, 6].map(u32)]),
    ]
    const { metadata } = await read(head(0, keys.length, ...keys))
    assert.deepEqual(
      [...metadata.values()],
      [
        '255',
        '-1',
        '513',
        '-2',
        '-1',
        '0.00001',
        'true',
        '18446744073709551615',
        '-1',
        '1.5',
        '[1, 2, 3, 4, … 6 in all]',
      ],
    )
  })

  it('reads what our own writer wrote, with the data in the place that the header says', async () => {
    const [f32, q8] = [ggmlType(0)!, ggmlType(8)!]
    const values = new Map([
      ['a', { type: 'string', value: 'text' }],
      ['b', { type: 'f32s', value: [0.5, -1] }],
      ['c', { type: 'bool', value: true }],
      ['d', { type: 'strings', value: ['x', 'y'] }],
      ['e', { type: 'i32', value: -3 }],
    ] as const)
    const specs = [
      { name: 'norm', type: f32, shape: [3] },
      { name: 'w', type: q8, shape: [2, 64] },
    ]
    const { header, places, bytes } = layOutGguf(values, specs)
    const found = await read(Buffer.from(header), bytes)
    assert.deepEqual([...found.metadata.values()], ['text', '[0.5, -1]', 'true', '["x", "y"]', '-3'])
    for (const { name, shape, start, end } of found.tensors) {
      assert.deepEqual(places.get(name), { start: found.dataStart + start, bytes: end - start })
      assert.deepEqual(shape, specs.find((spec) => spec.name === name)?.shape)
    }
  })

  it('says what a file is if it is not a readable GGUF file', async () => {
    await refuses(Buffer.from('GG'), /only a few bytes/)
    await refuses(Buffer.from('version https://git-lfs'), /Git-LFS pointer/)
    await refuses(Buffer.alloc(100), /does not begin as GGUF does/)
    await refuses(Buffer.concat([Buffer.from('GGUF'), u32(1), Buffer.alloc(100)]), /version 1/)
    await refuses(Buffer.concat([Buffer.from('GGUF'), u32(0x03000000), Buffer.alloc(100)]), /big-endian/)
    await refuses(Buffer.concat([Buffer.from('GGUF'), u32(77), Buffer.alloc(100)]), /version 77/)
  })

  it('refuses a count or length that the file cannot hold, without reserving memory for it', async () => {
    largestRead = 0
    const huge = 2n ** 63n
    await refuses(head(huge, 0), /more than 2\^53 tensors/)
    await refuses(head(0, huge), /more than 2\^53 metadata keys/)
    await refuses(head(0, 1, u64(huge)), /a metadata key claims/)
    await refuses(head(0, 1, text('k'), u32(8), u64(4 * 2 ** 30)), /claims a length of 4294967296/)
    await refuses(head(0, 1, text('k'), u32(8), u64(40 * 2 ** 20)), /more than 33554432 bytes/, 8 * 2 ** 30)
    await refuses(head(0, 1, text('k'), u32(9), u32(8), u64(huge)), /claims a length/)
    await refuses(head(0, 1, text('k'), u32(9), u32(10), u64(huge)), /claims a length/)
    await refuses(head(0, 1, text('k'), u32(9), u32(8), u64(1), u64(huge)), /in the middle of its header/)
    await refuses(head(0, 1, text('k'), u32(9), u32(0), u64(2 ** 30)), /claims a length of 1073741824/, 2 ** 40)
    await refuses(head(1, 0, u64(huge)), /name of a tensor claims/)
    assert.ok(largestRead <= 2 ** 20, String(largestRead))
  })

  it('refuses lists of lists, unknown types, keys and tensors that come twice, and names that cannot be', async () => {
    await refuses(head(0, 1, text('k'), u32(9), u32(9), u64(1), u32(9)), /list of lists/)
    await refuses(head(0, 1, text('k'), u32(13)), /unknown type 13/)
    await refuses(head(0, 1, text('k'), u32(9), u32(200), u64(1)), /unknown type 200/)
    await refuses(head(0, 2, keyU32('k', 1), keyU32('k', 2)), /"k" twice/)
    const info = (name: string) => Buffer.concat([text(name), u32(1), u64(0), u32(0), u64(0)])
    await refuses(head(2, 0, info('a'), info('a')), /"a" twice/)
    await refuses(head(1, 0, info('\u0007')), /control characters/)
    await refuses(head(1, 0, info('')), /is empty/)
    await refuses(head(1, 0, text('w'), u32(5), Buffer.alloc(60)), /5 dimensions/)
  })

  it('refuses tensors that are not whole blocks, not aligned, beyond the file, or over one another', async () => {
    const of = (tensor: object, keys?: Buffer[]) => ggufFile({ w: { ...matrix, ...tensor } }, keys)
    await refuses(of({ dims: [2n ** 63n, 1] }), /more weights than can be counted/)
    await refuses(of({ dims: [2 ** 40, 2 ** 40] }), /more weights than can be counted/)
    await refuses(of({ type: 8, dims: [33, 2] }), /no multiple of the 32 weights of a block/)
    await refuses(of({ offset: 8 }), /multiple of 32/)
    await refuses(of({ offset: 2n ** 62n }), /multiple of 32|not within the file/)
    await refuses(of({ offset: 64 }), /not within the file/)
    await refuses(ggufFile({ a: matrix, b: { ...matrix, offset: 0 } }), /overlaps/)
    for (const alignment of [0, 3, 2 ** 31])
      await refuses(of({}, [keyU32('general.alignment', alignment)]), /power of two/)
    assert.equal((await read(of({}, [keyU32('general.alignment', 8)]))).dataStart % 8, 0)
  })

  it('is read from any bytes with valid places, or refused in a sentence', async function () {
    this.timeout(patience)
    const words = Array.from({ length: 40 }, (_, i) => `w${i}`)
    const keys = [keyText('general.architecture', 'llama'), keyTexts('tokens', words), keyU32('general.alignment', 32)]
    const q4k = { type: 12, dims: [256, 2], data: new Uint8Array(288) }
    await holds([ggufFile({ a: matrix, b: q4k, c: matrix }, keys), ggufFile({ a: matrix })], async (bytes) => {
      const { tensors, dataStart } = await read(bytes)
      for (const { start, end } of tensors)
        assert.ok(start >= 0 && start <= end && dataStart + end <= Math.max(bytes.length, dataStart))
    })
  })
})
