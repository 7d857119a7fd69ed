import assert from 'node:assert/strict'
import { layOutCells } from '../../../src/charts/modelCells.ts'
import type { StageRow } from '../../../src/plan/stageView.ts'

const row = (name: string, role: StageRow['role'], block: number | null, parameters: number): StageRow => ({
  ...{ name, role, block, parameters, shape: [parameters], transposed: false, sparsity: 0, pruned: false },
  module: name.replace(/^model\.(layers\.\d+\.)?|\.(weight|bias)$/g, ''),
  ...(role === 'norm' ? { by: 'norm', kind: 'vector', trainable: parameters, count: parameters } : frozen),
})
const frozen = { by: null, kind: 'frozen', trainable: 0, count: 0 } as const

describe('the map of all that a model has', () => {
  it('has a weight and its bias in one cell, outside the blocks too, whichever the file has first', () => {
    const rows = [
      row('model.embed_tokens.weight', 'embedding', null, 64),
      row('model.final_layer_norm.bias', 'bias', null, 8),
      row('model.final_layer_norm.weight', 'norm', null, 8),
      row('model.layers.0.fc1.weight', 'linear', 0, 16),
      row('model.layers.0.fc1.bias', 'bias', 0, 4),
    ]
    const { lines } = layOutCells(rows, { blocks: [0], modules: ['fc1'], cells: [rows.slice(3)] })
    assert.deepEqual(
      lines.map(({ name, cells }) => [name, ...cells.map((cell) => cell?.rows.length)]),
      [
        ['embedding', 1],
        ['0', 2],
        ['final norm', 2],
        ['head', 1],
      ],
    )
    assert.equal(lines[2].cells[0]?.share, 0.5, 'its bias does not train')
  })
})
