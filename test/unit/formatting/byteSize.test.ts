import assert from 'node:assert/strict'
import { formatBytes, parseByteSize } from '../../../src/formatting/byteSize.ts'

describe('parseByteSize', () => {
  const sizes: [text: string, bytes: number | null][] = [
    ['5GB', 5e9],
    ['5gib', 5 * 2 ** 30],
    ['1.5 MB', 1.5e6],
    ['512MiB', 512 * 2 ** 20],
    ['64k', 64_000],
    ['2TB', 2e12],
    ['4096', 4096],
    ['10 B', 10],
    ['', null],
    ['-1GB', null],
    ['5XB', null],
    ['GB', null],
    ['1e3', null],
    ['9999999TB', null],
  ]
  for (const [text, bytes] of sizes)
    it(`reads ${JSON.stringify(text)} as ${bytes}`, () => assert.equal(parseByteSize(text), bytes))
})

describe('formatBytes', () => {
  it('uses three digits and the unit in which they are below 1000', () => {
    assert.deepEqual([0, 999, 1000, 999_499, 999_600, 5e9, 1.2345e12].map(formatBytes), [
      '0 B',
      '999 B',
      '1 kB',
      '999 kB',
      '1 MB',
      '5 GB',
      '1.23 TB',
    ])
  })
})
