import assert from 'node:assert/strict'
import { entryNames } from '../../../../src/runs/series/entryNames.ts'

const entry = (index: number, data: string, seqLen: number, field?: string) => ({ entry: index, data, seqLen, field })
const namesOf = (...entries: ReturnType<typeof entry>[]) => [...entryNames(entries).values()]

describe('names of entries', () => {
  it('are as short as tells them apart', () => {
    assert.deepEqual(namesOf(entry(0, 'data/a.txt', 64), entry(1, 'data/b.txt', 64)), ['a.txt', 'b.txt'])
    assert.deepEqual(namesOf(entry(0, 'a', 64, 'brown'), entry(1, 'a', 64, 'wiki')), ['a: brown', 'a: wiki'])
    assert.deepEqual(namesOf(entry(1, 'a.txt', 64), entry(0, 'a.txt', 32)), ['a.txt (32 tokens)', 'a.txt (64 tokens)'])
    assert.deepEqual(namesOf(entry(0, 'x/a.txt', 64), entry(1, 'y/a.txt', 64)), [
      'x/a.txt (64 tokens)',
      'y/a.txt (64 tokens)',
    ])
    assert.deepEqual(namesOf(entry(0, 'a.txt', 64), entry(1, 'a.txt', 64)), [
      'a.txt (64 tokens) #1',
      'a.txt (64 tokens) #2',
    ])
  })
})
