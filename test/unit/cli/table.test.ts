import assert from 'node:assert/strict'
import { table } from '../../../src/cli/table.ts'

describe('table', () => {
  it('aligns numbers to the right and the rest to the left', () =>
    assert.equal(
      table(
        ['name', 'n'],
        [
          ['a', '1'],
          ['long', '12'],
        ],
      ),
      'name   n\na      1\nlong  12',
    ))

  it('has as many rows as a checkpoint has tensors', () => {
    const rows = Array.from({ length: 300_000 }, (_, i) => [`t${i}`])
    assert.equal(table(['tensor'], rows).split('\n').length, 300_001)
  })
})
