// Seeded mutations of good files: every one gives a header whose promises hold, or a FormatError, and never hangs.
import assert from 'node:assert/strict'
import { createRng, type Rng } from '../../../../src/engine/rng.ts'
import { bytesOfTensor } from '../../../../src/catalog/formats/dtypes.ts'
import {
  encodeMaskHeader,
  maskHeaderLength,
  maskPrefixBytes,
  parseMaskHeader,
} from '../../../../src/catalog/formats/maskFile.ts'
import { FormatError } from '../../../../src/errors.ts'
import {
  headerLength,
  parseHeader,
  refuseUnknown,
  type SafetensorsHeader,
} from '../../../../src/catalog/formats/safetensorsHeader.ts'
import { safetensors as format } from '../../../../src/catalog/formats/checkpointFormats.ts'
import { parseShardIndex } from '../../../../src/catalog/formats/shardIndex.ts'
import { f32, safetensors } from '../../../support/safetensors.ts'

const rounds = 10_000

/** Pieces that mean something to a parser. */
const spice = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '-',
  '.',
  'e9',
  '0',
  '99999999999999999999',
  'null',
  '\\u0000',
  '\\',
  '__proto__',
  '"data_offsets"',
  '"shape"',
  '../../shared/',
  '\u0000',
  '[[[[',
  '1e400',
  '"a":',
  '\xff',
]

/** One to four edits: flipped bits, bytes cut, repeated, overwritten, or spice put in. */
function mutate(source: Buffer, rng: Rng): Buffer {
  let bytes = Buffer.from(source)
  for (let edits = 1 + rng.below(4); edits > 0; edits--) {
    const at = rng.below(bytes.length)
    const to = at + rng.below(Math.min(64, bytes.length - at + 1))
    switch (rng.below(5)) {
      case 0:
        if (bytes.length > 0) bytes[at] ^= 1 << rng.below(8)
        break
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)])
        break
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)])
        break
      case 3:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from(spice[rng.below(spice.length)], 'latin1'),
          bytes.subarray(at),
        ])
        break
      case 4:
        bytes.fill(rng.below(256), at, Math.min(to, at + 8))
    }
  }
  return bytes
}

/** How often the parser accepted and refused; anything but a FormatError fails the test. */
function fuzz(seed: string, source: Buffer, parse: (bytes: Buffer) => void): { accepted: number; refused: number } {
  const rng = createRng(1, seed)
  const counts = { accepted: 0, refused: 0 }
  for (let round = 0; round < rounds; round++) {
    const bytes = mutate(source, rng)
    try {
      parse(bytes)
      counts.accepted++
    } catch (error) {
      if (!(error instanceof FormatError))
        throw new Error(`round ${round}: ${bytes.toString('latin1')}`, { cause: error })
      assert.ok(error.message.length < 600, error.message)
      counts.refused++
    }
  }
  return counts
}

function readFile(bytes: Buffer): void {
  const length = headerLength(bytes.subarray(0, 8), bytes.length)
  const data = bytes.length - 8 - length
  checkPromises(known(bytes.subarray(8, 8 + length), data), data)
}

function known(json: Uint8Array, dataBytes: number): SafetensorsHeader {
  const header = parseHeader(json, dataBytes)
  refuseUnknown(header)
  return header
}

function checkPromises({ tensors }: SafetensorsHeader, dataBytes: number): void {
  let total = 0
  for (const { name, dtype, shape, start, end } of tensors) {
    assert.ok(name !== '__proto__' && start >= 0 && start <= end && end <= dataBytes)
    assert.equal(bytesOfTensor(dtype, shape), end - start)
    total += end - start
  }
  assert.equal(total, dataBytes)
}

describe(`the header parsers, over ${rounds} mutations each`, () => {
  const good = safetensors(
    { 'model.embed.weight': f32([4, 3], new Float32Array(12)), b: f32([2], [1, 2]), 'ü"': f32([0], []) },
    { format: 'pt' },
  )

  it('give for a safetensors file a header that holds, or a FormatError', () => {
    const { accepted, refused } = fuzz('file', good, readFile)
    assert.ok(accepted > rounds / 100 && refused > rounds / 2, `${accepted} accepted, ${refused} refused`)
  })

  it('give for a header of the right length one that holds, or a FormatError', () => {
    const length = Number(good.readBigUInt64LE())
    const { accepted, refused } = fuzz('header', good.subarray(8, 8 + length), (json) => {
      const data = good.length - 8 - length
      checkPromises(known(json, data), data)
    })
    assert.ok(accepted > 0 && refused > rounds / 2)
  })

  it('give for an index only shards inside its folder, or a FormatError', () => {
    const index = JSON.stringify({
      metadata: { total_size: 10 },
      weight_map: { a: 'model-00001-of-00002.safetensors', b: 'sub/model-00002-of-00002.safetensors' },
    })
    const { accepted, refused } = fuzz('index', Buffer.from(index), (bytes) => {
      for (const shard of parseShardIndex(bytes.toString(), format).shards) {
        assert.ok(!shard.startsWith('/') && !shard.split('/').includes('..') && !shard.includes('\\'), shard)
      }
    })
    assert.ok(accepted > 0 && refused > rounds / 4)
  })

  it('give for a mask file masks that fill it, or a FormatError', () => {
    const masks = [
      { name: 'a.weight', rows: 3, columns: 33 },
      { name: 'b.weight', rows: 1, columns: 4 },
    ]
    const good = Buffer.concat([encodeMaskHeader(masks), Buffer.alloc(28)])
    const { accepted, refused } = fuzz('mask', good, (bytes) => {
      const length = maskHeaderLength(bytes.subarray(0, maskPrefixBytes), bytes.length)
      const places = parseMaskHeader(bytes.subarray(maskPrefixBytes, maskPrefixBytes + length), bytes.length)
      assert.equal(
        places.reduce((sum, p) => sum + p.bytes, maskPrefixBytes + length),
        bytes.length,
      )
    })
    assert.ok(accepted > 0 && refused > rounds / 2)
  })
})
