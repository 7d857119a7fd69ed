import assert from 'node:assert/strict'
import { textTable } from '../../../src/formatting/tables.ts'

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

  it('is as wide as a terminal shows it: some letters take two places, some no place', () =>
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

  it('drops columns that do not fit, the spare ones first, and names them', () => {
    const wide = (columns: number) =>
      textTable(['tensor', 'type', 'zeros', '2:4'], [['model.layers.0.fc1', 'F32', '50.0 %', 'yes']], {
        columns,
        spare: ['type'],
      }).split('\n')
    assert.deepEqual(wide(31), [
      'tensor               zeros  2:4',
      'model.layers.0.fc1  50.0 %  yes',
      '(too narrow for type: --json has it)',
    ])
    assert.deepEqual(wide(30), [
      'tensor               zeros',
      'model.layers.0.fc1  50.0 %',
      '(too narrow for type, 2:4: --json has them)',
    ])
    assert.equal(wide(5)[1], 'model.layers.0.fc1')
  })

  it('keeps all columns where there is room', () =>
    assert.equal(textTable(['name', 'n'], [['a', '1']], { columns: 7 }), 'name  n\na     1'))
})
