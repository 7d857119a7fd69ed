import assert from 'node:assert/strict'
import type { ComparedTensor, TensorChange } from '../../../src/protocol/inspect.ts'
import { sortRows, nextOrder } from '../../../webview-ui/shared/tableState.ts'
import {
  changeGrid,
  changeMap,
  describeChange,
  emptyText,
  differingMeasure,
  mostDrift,
} from '../../../webview-ui/compare/changes.ts'
import { nmText } from '../../../webview-ui/inspector/facts.ts'
import { recordedModel, recordedStats } from '../../webview/harness/recorded.ts'
import { placeColumns } from '../../../webview-ui/shared/tableColumn.ts'
import { linesInSight } from '../../../webview-ui/shared/tableLines.tsx'
import { layOutColumns, pinnedFirst } from '../../../webview-ui/shared/tableWidths.ts'
import { weightAt } from '../../../webview-ui/shared/matrixInput.ts'

describe('a table of changes without a row', () => {
  const total = 1200

  it('says that no tensor changed only when tensors were compared, and all of them', () => {
    assert.equal(emptyText({ done: 0, total: 0 }, null, 0), 'No tensor has been compared yet.')
    assert.equal(emptyText({ done: 40, total }, null, 0), 'No change in the first 40 of 1,200 tensors.')
    assert.equal(emptyText({ done: total, total }, { changed: [], same: total }, 0), 'No tensor changed.')
    assert.match(emptyText({ done: 0, total: 0 }, { changed: [], same: 0 }, 0), /^No tensor was compared: /)
  })

  it('says that the filter leaves no row where some changed', () => {
    assert.equal(emptyText({ done: 40, total }, null, 3), 'No changed tensor matches the filter.')
  })
})

describe('widths of columns', () => {
  const columns = [
    { need: 50 },
    { need: 160, grow: true },
    { need: 90, optional: 1 },
    { need: 200, grow: true, optional: 2 },
  ]

  it('follow the content, and the last one that grows takes what is left', () => {
    assert.deepEqual(layOutColumns(columns, 600), [50, 160, 90, 300])
  })

  it('are never cut while another column can give way', () => {
    assert.deepEqual(layOutColumns(columns, 400), [50, 260, 90, null])
    assert.deepEqual(layOutColumns(columns, 250), [50, 200, null, null])
  })

  it('are cut at a column that grows at last, and then the table scrolls', () => {
    assert.deepEqual(layOutColumns(columns, 200), [50, 150, null, null])
    assert.deepEqual(layOutColumns(columns, 100), [50, 120, null, null])
  })

  it('of pinned columns are never given up, and are first', () => {
    const named = columns.map((column, i) => {
      return { ...column, id: String(i), title: '', text: () => '', sort: () => null, pinned: i === 2 }
    })
    const kept = { order: null, pins: { 3: true } }
    const placed = pinnedFirst(named, kept)
    assert.deepEqual(
      placed.map(({ id }) => id),
      ['2', '3', '0', '1'],
    )
    assert.deepEqual(
      layOutColumns(
        placed.map((column, i) => ({ ...column, need: [90, 200, 50, 160][i] })),
        410,
      ),
      [null, 200, 50, 160],
    )
  })
})

describe('the order of rows', () => {
  it('has numbers before words, each in their own order, and what has no value last', () => {
    const sorted = (descending: boolean) =>
      sortRows([30, 'tried', 4, null, 'auto', 100, 2], { id: 'spread', sort: (value) => value }, descending)
    assert.deepEqual(sorted(false), [2, 4, 30, 100, 'auto', 'tried', null])
    assert.deepEqual(sorted(true), ['tried', 'auto', 100, 30, 4, 2, null])
  })

  const column = { id: 'n', numeric: true, sort: (x: { v: number | null }) => x.v }

  it('keeps equal rows in order, and what has no value last either way round', () => {
    const rows = [
      { v: null, i: 0 },
      { v: 2, i: 1 },
      { v: 1, i: 2 },
      { v: 2, i: 3 },
    ]
    assert.deepEqual(
      sortRows(rows, column, true).map((r) => r.i),
      [1, 3, 2, 0],
    )
    assert.deepEqual(
      sortRows(rows, column, false).map((r) => r.i),
      [2, 1, 3, 0],
    )
  })

  it('is the order of the file again after three presses', () => {
    const first = nextOrder(column, null)
    const second = nextOrder(column, first)
    assert.deepEqual([first?.descending, second?.descending, nextOrder(column, second)], [true, false, null])
  })

  it('goes by the numbers inside names', () => {
    const names = { id: 'name', sort: (s: string) => s }
    assert.deepEqual(sortRows(['l.10', 'l.2'], names, false), ['l.2', 'l.10'])
  })
})

describe('rows in sight', () => {
  it('each have the slot of their number: scrolling by one row fills one element', () => {
    const [before, after] = [linesInSight(50, 220, 1000), linesInSight(51, 220, 1000)]
    assert.equal(before.filter((row, slot) => row !== after[slot]).length, 1)
    assert.deepEqual(
      [...after].sort((a, b) => a - b),
      Array.from({ length: 22 }, (_, i) => 45 + i),
    )
  })

  it('are all of a short table, and the last ones at the end of a long one', () => {
    assert.deepEqual(linesInSight(0, 220, 3), [0, 1, 2])
    assert.equal(Math.max(...linesInSight(999, 220, 1000)), 999)
    assert.deepEqual(linesInSight(0, 220, 0), [])
  })
})

describe('where a tensor is', () => {
  it('is in columns of its own, an expert with its number', () => {
    const [block, module] = placeColumns('Tensor').first
    const row = { name: 'model.layers.7.mlp.experts.12.w1.weight', block: 7, module: 'mlp.experts.*.w1' }
    assert.deepEqual([block.text(row), module.text(row)], ['7', 'mlp.experts.12.w1'])
    const outside = { name: 'lm_head.weight', block: null, module: 'lm_head' }
    assert.deepEqual([block.text(outside), module.text(outside)], ['', 'lm_head'])
  })
})

describe('N:M in the table', () => {
  const [stats] = recordedStats(recordedModel(1))
  const text = (violations: number) => nmText({ ...stats, nm: { '2:4': { groups: 10, violations } } }, '2:4')
  it('is a share only where a fifth of the groups or more keep it', () => {
    assert.deepEqual([text(0), text(3), text(8), text(9), text(10)], ['valid', '70.0 %', '20.0 %', 'no', 'no'])
  })
})

describe('the map of a comparison', () => {
  const tensor = (block: number, comparable = true): ComparedTensor => {
    return { name: `layers.${block}.fc`, role: 'linear', block, module: 'fc', comparable }
  }
  const tensors = [tensor(0), tensor(1), tensor(2), tensor(3, false)]
  const change = {
    ...tensor(1),
    shape: [4],
    maxAbs: 1,
    drift: 0.5,
    filled: 2,
    emptied: 0,
    parameters: 4,
  } as TensorChange
  const map = changeMap(tensors, [change], 2)

  it('has no value where nothing was compared yet or shapes differ, and the middle only where all is the same', () => {
    const { cells } = changeGrid(map, 'filled', () => '')
    assert.deepEqual(
      cells.map((cell) => cell?.value),
      [0.5, 0.25, null, null],
    )
  })

  it('distinguishes two masks of the same sparsity', () => {
    const of = (filled: number, emptied: number) =>
      changeGrid(changeMap(tensors, [{ ...change, filled, emptied }], 4), 'filled', () => '').cells[1]?.value
    assert.deepEqual([of(1, 1), of(1, 2), of(0, 2), of(0, 0)], [0.375, 0.75, 0.75, 0.5])
  })

  it('has columns for norms, each with its bias, and for biases, after those of matrices', () => {
    const named = (module: string, role: ComparedTensor['role']) => ({ ...tensor(0), name: module, module, role })
    const norms = ['input_layernorm', 'final_layer_norm', 'final_layer_norm.bias'].map((name) => named(name, 'norm'))
    const all = [...norms, named('mlp.fc', 'linear'), named('mlp.fc.bias', 'bias'), named('out', 'linear')]
    const outside = { ...named('final_norm', 'norm'), block: null }
    assert.deepEqual(changeMap([...all, outside], [], 0).modules, [
      'mlp.fc',
      'out',
      'norms.input',
      'norms.final',
      'biases.fc',
    ])
  })

  it('opens on the drift where no mask differs', () => {
    assert.equal(differingMeasure([]), 'filled')
    assert.equal(differingMeasure([{ ...change, filled: 0 }, change]), 'filled')
    assert.equal(differingMeasure([{ ...change, filled: 0 }]), 'drift')
  })

  it('shows drift up to the largest one, with two digits below 10 %', () => {
    const moved = [0.5, 0.00671].map((drift, i) => ({ ...change, ...tensor(i), drift }))
    const two = changeMap(tensors, moved, 4)
    assert.deepEqual(mostDrift(two), { most: 0.5, isBeyond: false })
    const { cells } = changeGrid(two, 'drift', () => '')
    assert.deepEqual(
      cells.map((cell) => [cell?.value, cell?.text]),
      [
        [1, '50'],
        [0.01342, '0.67'],
        [0, ''],
        [null, ''],
      ],
    )
    assert.equal(mostDrift(changeMap(tensors, [], 4)).most, 1)
    const bias = { ...tensor(0), name: 'fc.bias', module: 'fc.bias', role: 'bias' as const }
    const beyond = changeMap([...tensors, bias], [...moved, { ...change, ...bias, drift: 12.4 }], 5)
    assert.deepEqual(mostDrift(beyond), { most: 0.5, isBeyond: true }, 'a bias near 0 does not leave all matrices pale')
  })

  it('says so', () => {
    const sentences = tensors.map((_, row) => describeChange(map, row, 0).replace(/^.*?: /, ''))
    assert.deepEqual(sentences, [
      'the same',
      '2 zeros filled, 0 new zeros, drift 50.00 %',
      'not compared yet',
      'the shapes differ',
    ])
  })
})

describe('the weight under the pointer', () => {
  const region = { rowStart: 10, rowEnd: 20, columnStart: 100, columnEnd: 104 }
  it('is in the region, from its first to its last', () => {
    assert.deepEqual(weightAt(region, 0, 0), { row: 10, column: 100 })
    assert.deepEqual(weightAt(region, 0.999, 0.999), { row: 19, column: 103 })
    assert.equal(weightAt(region, 1, 0.5), null)
  })
})
