import assert from 'node:assert/strict'
import { asBitmask } from '../../../../src/catalog/formats/bitmask.ts'
import {
  isBitmaskConfig,
  withBitmaskConfig,
  withoutBitmaskConfig,
} from '../../../../src/catalog/formats/bitmaskConfig.ts'

describe('sizes of bitmasks', () => {
  it('are the kept values, a bit a weight in whole bytes a row, the shape and an offset a row', () => {
    assert.equal(asBitmask('BF16', [4, 10], 25), 2 * 15 + 4 * 2 + 16 + 4 * 8)
    assert.equal(asBitmask('F32', [1, 8], 0), 32 + 1 + 16 + 8)
  })

  it('are none for what is no matrix, or of elements that share bytes', () => {
    assert.equal(asBitmask('F32', [8], 1), null)
    assert.equal(asBitmask('F32', [2, 2, 2], 1), null)
    assert.equal(asBitmask('F4', [2, 2], 1), null)
    assert.equal(asBitmask('SOMETHING', [2, 2], 1), null)
  })
})

describe('config.json of bitmasks', () => {
  const text = '{\n  "model_type": "opt",\n  "hidden_size": 8\n}\n'

  it('comes and goes without a trace', () => {
    const packed = withBitmaskConfig(text, 0.5, ['lm_head'])
    assert.ok(isBitmaskConfig((JSON.parse(packed) as Record<string, unknown>).quantization_config))
    assert.equal(withoutBitmaskConfig(packed), text)
    assert.equal(withBitmaskConfig(packed, 0.5, ['lm_head']), packed)
  })

  it('is not taken for quantisation, and quantisation not for it', () => {
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
