import assert from 'node:assert/strict'
import { createMask } from '../../support/masks.ts'
import { writeMaskFile } from '../../../src/engine/checkpoint/maskFile.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { storedMasks } from '../../support/storedMasks.ts'
import { cli, cliJson } from '../../support/cli.ts'
import { f32, safetensors } from '../../support/safetensors.ts'
import { goldenPath } from '../../support/shared.ts'

describe('sparsescope compare', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))
  const name = 'model.layers.0.mlp.up_proj.weight'
  const write = (file: string, values: number[]) => temp.write(file, safetensors({ [name]: f32([2, 2], values) }))

  it('ends with 3 only when the expectation fails', async () => {
    const a = write('a.safetensors', [0, 1, 2, 3])
    const kept = write('kept.safetensors', [0, 5, 2, 3])
    const filled = write('filled.safetensors', [1, 1, 2, 3])
    assert.equal((await cli('compare', a, kept, '--expect', 'mask-preserved')).status, 0)
    assert.equal((await cli('compare', a, filled, '--expect', 'mask-preserved')).status, 3)
    assert.equal((await cli('compare', a, filled)).status, 0)
    assert.equal((await cli('compare', a, filled, '--expect', 'nothing')).status, 2)
  })

  it('prints the contract’s JSON, also when the expectation fails', async () => {
    const a = write('a.safetensors', [0, 1, 2, 3])
    const b = write('b.safetensors', [4, 0, 2, 3])
    const json = await cliJson('compare', a, b, '--expect', 'mask-preserved')
    const [change] = json.changed as Record<string, unknown>[]
    assert.deepEqual([change.name, change.max_abs, change.filled, change.emptied], [name, 4, 1, 1])
    assert.deepEqual([json.added, json.removed, json.mask_preserved], [[], [], false])
  })

  it('does not call a mask file preserved if A itself does not keep it', async () => {
    const a = write('a/model.safetensors', [0, 1, 2, 3])
    const b = write('b/model.safetensors', [0, 1, 2, 3])
    const mask = createMask(2, 2, true)
    mask.words[0] = 0b10
    await writeMaskFile(temp.path('a/sparsescope.mask'), storedMasks([[name, mask]]))
    assert.equal((await cli('compare', a, b, '--expect', 'mask-preserved')).status, 0)
    mask.words[0] = 0
    await writeMaskFile(temp.path('a/sparsescope.mask'), storedMasks([[name, mask]]))
    const { status, stdout } = await cli('compare', a, b, '--expect', 'mask-preserved')
    assert.equal(status, 3)
    assert.match(stdout, /1 pruned weights are not zero \(the mask file of A is from other weights\)/)
  })

  it('compares a single file with shards of other element types', async () => {
    const json = await cliJson('compare', goldenPath('llama'), goldenPath('llama_bf16_sharded'))
    assert.deepEqual([json.added, json.removed, json.mask_preserved], [[], [], null])
  })

  it('ends with 3 where there is no mask to preserve, and says why', async () => {
    const dense = write('dense.safetensors', [1, 1, 2, 3])
    const other = temp.write('other.safetensors', safetensors({ x: f32([1], [0]) }))
    for (const [a, b] of [
      [dense, dense],
      [dense, other],
      [other, dense],
    ]) {
      const { status, stdout } = await cli('compare', a, b, '--expect', 'mask-preserved')
      assert.equal(status, 3)
      assert.match(stdout, /nothing to compare/i)
      assert.doesNotMatch(stdout, /preserved/)
    }
  })
})
