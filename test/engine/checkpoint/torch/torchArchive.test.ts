// Zip records that torch.save writes for large files, and some that it does not: made here, since a real one has more than 4 GiB.
import assert from 'node:assert/strict'
import { readArchive } from '../../../../src/engine/checkpoint/torch/torchArchive.ts'
import type { WeightFiles } from '../../../../src/engine/checkpoint/fileHeader.ts'
import { FormatError } from '../../../../src/errors.ts'

const far = 5 * 2 ** 30

interface Made {
  readonly method?: number
  /** Names of the entries; the last one is far away. */
  readonly names?: readonly string[]
  readonly wide?: boolean
  /** Changes the record at the end. */
  readonly end?: (record: DataView) => void
}

/** Records of an archive by the place in the file. Entry i has 10 + i bytes; with `wide` the last one's are in records of zip64. */
function archive({ method = 0, names = ['m/data.pkl', 'm/data/0'], wide = true, end = () => undefined }: Made = {}) {
  const parts = new Map<number, Uint8Array>()
  const record = (bytes: number, fill: (view: DataView) => void) => {
    const view = new DataView(new ArrayBuffer(bytes))
    fill(view)
    return new Uint8Array(view.buffer)
  }
  const directory = names.map((text, i) => {
    const name = new TextEncoder().encode(text)
    const isFar = wide && i === names.length - 1
    const header = isFar ? far : 1000 * i
    parts.set(
      header,
      record(30 + name.length, (view) => {
        view.setUint32(0, 0x04034b50, true)
        view.setUint16(26, name.length, true)
      }),
    )
    return record(46 + name.length + (isFar ? 28 : 0), (view) => {
      view.setUint32(0, 0x02014b50, true)
      view.setUint16(10, method, true)
      for (const at of [20, 24]) view.setUint32(at, isFar ? 0xffffffff : 10 + i, true)
      view.setUint16(28, name.length, true)
      view.setUint16(30, isFar ? 28 : 0, true)
      view.setUint32(42, isFar ? 0xffffffff : header, true)
      new Uint8Array(view.buffer).set(name, 46)
      if (!isFar) return
      const extra = 46 + name.length
      view.setUint16(extra, 1, true)
      view.setUint16(extra + 2, 24, true)
      for (const [k, value] of [10 + i, 10 + i, header].entries())
        view.setBigUint64(extra + 4 + 8 * k, BigInt(value), true)
    })
  })
  const start = wide ? far + 1000 : 5000
  const bytes = directory.reduce((sum, { length }) => sum + length, 0)
  let at = start
  const append = (part: Uint8Array) => {
    parts.set(at, part)
    at += part.length
  }
  directory.forEach(append)
  if (wide) {
    append(
      record(56, (view) => {
        view.setUint32(0, 0x06064b50, true)
        for (const [k, value] of [names.length, bytes, start].entries())
          view.setBigUint64(32 + 8 * k, BigInt(value), true)
      }),
    )
    append(
      record(20, (view) => {
        view.setUint32(0, 0x07064b50, true)
        view.setBigUint64(8, BigInt(start + bytes), true)
      }),
    )
  }
  append(
    record(22, (view) => {
      view.setUint32(0, 0x06054b50, true)
      view.setUint16(10, wide ? 0xffff : names.length, true)
      view.setUint32(12, wide ? 0xffffffff : bytes, true)
      view.setUint32(16, wide ? 0xffffffff : start, true)
      end(view)
    }),
  )
  const read: WeightFiles['read'] = async (_path, from, target) => {
    for (const [place, part] of parts) {
      const [first, last] = [Math.max(place, from), Math.min(place + part.length, from + target.length)]
      if (first < last) target.set(part.subarray(first - place, last - place), first - from)
    }
  }
  return readArchive({ read } as WeightFiles, 'model.bin', at)
}

const refuses = (made: Made, message: RegExp) =>
  assert.rejects(archive(made), (error) => error instanceof FormatError && message.test(error.message))

describe('the archive of torch.save', () => {
  it('has places beyond 4 GiB', async () => {
    assert.deepEqual(await archive(), {
      pickle: { start: 40, bytes: 10 },
      storages: new Map([['0', { start: far + 38, bytes: 11 }]]),
    })
  })

  it('is read without records of zip64 too', async () => {
    const { storages } = await archive({ wide: false })
    assert.deepEqual(storages.get('0'), { start: 1038, bytes: 11 })
  })

  it('is refused where it is compressed, names an entry twice, or has no pickle', async () => {
    await refuses({ method: 8 }, /"m\/data\/0" is compressed/)
    await refuses({ names: ['m/data.pkl', 'm/data/0', 'm/data/0'] }, /twice/)
    await refuses({ names: ['m/data/0'] }, /no data\.pkl/)
  })

  it('is refused where its last record is wrong', async () => {
    await refuses({ wide: false, end: (view) => view.setUint32(16, 2 ** 31, true) }, /damaged/)
    await refuses({ wide: false, end: (view) => view.setUint32(12, 50, true) }, /damaged/)
    await refuses({ wide: false, end: (view) => view.setUint16(10, 3, true) }, /damaged/)
    await refuses({ wide: false, end: (view) => view.setUint16(20, 9, true) }, /damaged \(it has no directory\)/)
  })
})
