// Which matrix shape is taken, and what is said where there is none. That the shaders compile is tested in shaders.test.ts.
import assert from 'node:assert/strict'
import { computesF16, requestAdapter, requestDevice } from '../../../../src/engine/compute/webgpu/adapter.ts'
import { openWebGpu } from '../../../../src/engine/compute/webgpu/backend.ts'
import { chooseShape, type SubgroupMatrixConfig } from '../../../../src/engine/compute/webgpu/ops/gemm/tensorCores.ts'
import { cannot, lacks } from '../../../support/skip.ts'

const config = (M: number, N: number, K: number, result = 'f32'): SubgroupMatrixConfig => ({
  componentType: 'f16',
  resultComponentType: result,
  ...{ M, N, K },
})

describe('tensor cores', function () {
  this.timeout(300_000)

  it('16 × 16 × 16 is taken where an adapter lists it, else its first shape with f32 sums that divides a tile', () => {
    assert.deepEqual(chooseShape([config(16, 8, 16), config(16, 16, 16)]), { m: 16, n: 16, k: 16 })
    assert.deepEqual(chooseShape([config(16, 16, 16, 'f16'), config(8, 8, 8)]), { m: 8, n: 8, k: 8 })
    assert.equal(chooseShape([config(64, 64, 16), config(16, 16, 16, 'f16')]), null)
    assert.equal(chooseShape([]), null)
  })

  it('are refused with a message by an adapter that lists no tensor cores', async () => {
    const asked = openWebGpu({ products: 'tensorCores', flags: ['backend=null'] })
    await assert.rejects(asked, { code: 'unsupported', message: /lists no tensor cores/ })
  })

  it('are trusted with f16 only where a kernel computes with it: the null backend lists it and does not', async function () {
    const nothing = await requestDevice(await requestAdapter(['backend=null']))
    assert.equal(await computesF16(nothing), false)
    const adapter = await requestAdapter([]).catch((error: Error) => lacks(this, error.message))
    if (!adapter.features.has('shader-f16')) return cannot(this, 'this adapter has no shader-f16')
    const device = await requestDevice(adapter)
    assert.equal(await computesF16(device), true)
    for (const one of [nothing, device]) one.destroy()
  })
})
