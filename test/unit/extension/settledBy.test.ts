import assert from 'node:assert/strict'
import { settledBy } from '../../../src/extension/recipe/settledBy.ts'
import type { Measurable } from '../../../src/shared/protocol/rpc.ts'

const way = (method: 'magnitude' | 'wanda' | 'alps', measured: number) => ({
  method,
  measured,
  blocks: 4,
  seconds: 0,
})
const analysis: Measurable = {
  calibration: { data: '/t/a.jsonl', samples: 16, seqLen: 256 },
  sparsities: [0.5, 0.7],
  patterns: [],
  methods: [way('magnitude', 4), way('wanda', 4), way('alps', 1)],
}

describe('a recipe that is begun after an analysis', () => {
  it('takes the best of the methods that were measured in all blocks, and the text', () => {
    assert.deepEqual(settledBy(analysis), {
      method: 'wanda',
      pattern: 'unstructured',
      data: '/t/a.jsonl',
      field: null,
      seqLen: 256,
    })
  })

  it('takes the pattern where only patterns were measured, and all windows of ids', () => {
    const ids = { data: '/t/ids.safetensors', field: 'ids', samples: 8, seqLen: 16 }
    const settled = settledBy({ ...analysis, calibration: ids, sparsities: [], patterns: ['2:4'] })
    assert.deepEqual(settled, { method: 'wanda', pattern: '2:4', ...ids })
  })

  it('settles nothing where nothing was measured whole', () => {
    assert.deepEqual(settledBy({ ...analysis, methods: [way('alps', 1)] }), {})
    assert.deepEqual(settledBy({ ...analysis, calibration: null }), {})
  })
})
