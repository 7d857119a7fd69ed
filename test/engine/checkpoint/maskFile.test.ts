import assert from 'node:assert/strict'
import { readFileSync, truncateSync } from 'node:fs'
import { writeMaskFile } from '../../../src/engine/checkpoint/maskFile.ts'
import { EngineError } from '../../../src/engine/errors.ts'
import { createMask } from '../../support/masks.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { readMaskFile, storedMasks } from '../../support/storedMasks.ts'

describe('sparsescope.mask', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))

  const masks = () =>
    new Map([
      ['a.weight', createMask(3, 33, true)],
      ['b.weight', createMask(2, 64, false)],
      ['c.weight', createMask(1, 5, true)],
    ])

  it('gives back the masks that were written, in order', async () => {
    const written = masks()
    written.get('b.weight')!.words[3] = 0x80000001
    await writeMaskFile(temp.path('m.mask'), storedMasks(written))
    assert.deepEqual([...(await readMaskFile(temp.path('m.mask')))], [...written])
  })

  it('is a magic word, a JSON header and row-aligned words', async () => {
    await writeMaskFile(temp.path('m.mask'), storedMasks([['a', createMask(2, 33, true)]]))
    const bytes = readFileSync(temp.path('m.mask'))
    assert.equal(bytes.toString('latin1', 0, 8), 'SSMASK01')
    const words = 12 + bytes.readUInt32LE(8)
    assert.deepEqual(JSON.parse(bytes.toString('utf8', 12, words)), { a: { shape: [2, 33], start: 0 } })
    assert.deepEqual(
      [0, 4, 8, 12].map((at) => bytes.readUInt32LE(words + at)),
      [0xffffffff, 1, 0xffffffff, 1],
    )
  })

  it('refuses a cut-off file, another file, and bits past the last column', async () => {
    const path = temp.path('m.mask')
    const refused = (message: RegExp) =>
      assert.rejects(
        readMaskFile(path),
        (e) => e instanceof EngineError && e.code === 'bad-checkpoint' && message.test(e.message),
      )
    await writeMaskFile(path, storedMasks(masks()))
    truncateSync(path, readFileSync(path).length - 4)
    await refused(/need \d+ bytes/)
    temp.write('m.mask', 'something else entirely')
    await refused(/SSMASK01/)
    temp.write('m.mask', '')
    await refused(/SSMASK01/)
    await writeMaskFile(path, storedMasks([['c', { rows: 1, columns: 5, words: Uint32Array.of(0xff) }]]))
    await refused(/marks columns as kept that it does not have/)
  })
})
