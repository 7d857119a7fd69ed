import assert from 'node:assert/strict'
import { rmSync, truncateSync } from 'node:fs'
import { openMaskFile, writeMaskFile } from '../../../src/engine/checkpoint/maskFile.ts'
import { lastKept, type StoredMask } from '../../../src/engine/checkpoint/storedMask.ts'
import { createMask } from '../../support/masks.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { storedMasks } from '../../support/storedMasks.ts'

describe('masks that are read when they are needed', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))

  it('hold no file open, and say what is wrong with one that has changed since', async () => {
    const path = temp.path('m.mask')
    await writeMaskFile(
      path,
      storedMasks([
        ['a', createMask(2, 33, true)],
        ['b', createMask(64, 64, false)],
      ]),
    )
    const masks = await openMaskFile(path)
    assert.deepEqual(
      [...masks.values()].map(({ rows, columns }) => [rows, columns]),
      [
        [2, 33],
        [64, 64],
      ],
    )
    truncateSync(path, 100)
    assert.deepEqual(await masks.get('a')?.read(), createMask(2, 33, true))
    await assert.rejects(masks.get('b')!.read(), { code: 'bad-checkpoint', message: /m\.mask ends early/ })
    rmSync(path)
    await assert.rejects(masks.get('a')!.read(), { code: 'not-found' })
  })

  it('are read once until another mask is needed', async () => {
    const reads: string[] = []
    const stored = (name: string): [string, StoredMask] => {
      const mask = createMask(1, 1, true)
      const read = () => {
        reads.push(name)
        return Promise.resolve(mask)
      }
      return [name, { ...mask, read }]
    }
    const maskOf = lastKept(new Map([stored('a'), stored('b')]))
    for (const name of ['a', 'a', 'none', 'b', 'b', 'a']) await maskOf(name)
    assert.equal(await maskOf('none'), null)
    assert.deepEqual(reads, ['a', 'b', 'a'])
  })
})
