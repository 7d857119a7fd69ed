import assert from 'node:assert/strict'
import { textTable } from '../../../../src/shared/format/textTable.ts'

describe('textTable', () => {
  it('aligns numbers to the right and the rest to the left', () =>
    assert.equal(
      textTable(
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
    assert.equal(textTable(['tensor'], rows).split('\n').length, 300_001)
  })

  it('is as wide as a terminal shows it: some letters take two places, some none', () =>
    assert.equal(
      textTable(
        ['name', 'n'],
        [
          ['模型', '1'],
          ['e\u0301', '2'],
        ],
      ),
      'name  n\n模型  1\ne\u0301     2',
    ))
})
