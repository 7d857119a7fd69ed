import assert from 'node:assert/strict'
import { isBitmaskConfig } from '../../../../src/catalog/formats/bitmask.ts'
import { withoutBitmaskConfig } from '../../../../src/catalog/formats/jsonEdit.ts'

describe('config.json of bitmasks', () => {
  it('loses the entry and no other byte', () => {
    const sparsity_config = { format: 'sparse-bitmask', ignore: ['lm_head'] }
    const entry = JSON.stringify({ quant_method: 'compressed-tensors', format: 'dense', sparsity_config })
    const text = `{\n  "model_type": "opt",\n  "quantization_config": ${entry},\n  "hidden_size": 8\n}\n`
    assert.equal(withoutBitmaskConfig(text), '{\n  "model_type": "opt",\n  "hidden_size": 8\n}\n')
  })

  it('is not confused with quantisation', () => {
    const sparsity_config = { format: 'sparse-bitmask' }
    for (const format of ['sparse-bitmask', 'sparse-24-bitmask'])
      assert.ok(isBitmaskConfig({ quant_method: 'compressed-tensors', sparsity_config: { format } }))
    for (const other of [
      null,
      [],
      'bitmask',
      { quant_method: 'gptq', bits: 4 },
      { quant_method: 'compressed-tensors', format: 'pack-quantized', sparsity_config },
      { quant_method: 'compressed-tensors', config_groups: { group_0: {} }, sparsity_config },
      { quant_method: 'compressed-tensors', sparsity_config: { format: 'dense' } },
      { quant_method: 'compressed-tensors', sparsity_config: null },
    ]) {
      assert.ok(!isBitmaskConfig(other))
      const config = JSON.stringify({ quantization_config: other })
      assert.equal(withoutBitmaskConfig(config), config)
    }
  })
})
