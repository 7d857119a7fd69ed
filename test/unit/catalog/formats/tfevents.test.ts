import assert from 'node:assert/strict'
import { crc32c, masked, tfevents } from '../../../../src/catalog/formats/tfevents.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('event files of TensorBoard', () => {
  it('CRC32C agrees with the examples of RFC 3720, appendix B.4', () => {
    const known: [Uint8Array, number][] = [
      [new Uint8Array(32), 0x8a9136aa],
      [new Uint8Array(32).fill(0xff), 0x62a8ab43],
      [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
      [Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
      [bytes('123456789'), 0xe3069283],
    ]
    for (const [data, crc] of known) assert.equal(crc32c(data), crc)
    // From the source of LevelDB, whose masking the format has: a mask is no identity, and 0 has the constant alone.
    assert.equal(masked(0), 0xa282ead8)
  })

  it('is byte for byte what tensorboard 2.21 writes', () => {
    const file = Buffer.concat([...tfevents(1.5, [{ tag: 'loss', step: 300, time: 2, value: 0.25 }])])
    assert.equal(file.toString('hex'), golden)
  })
})

// EventFileWriter of tensorboard 2.21.0: Event(wall_time=1.5, file_version='brain.Event:2'), then
// Event(wall_time=2, step=300, summary=Summary(value=[Summary.Value(tag='loss', simple_value=0.25)])).
const golden =
  '1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c1b000000000000001a0d9e1309000000000000004010ac022a0d0a0b0a046c6f7373150000803e2fb3dff0'
