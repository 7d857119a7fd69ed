// Every variant of every shader compiles, also those that this machine's adapter would not use.
import assert from 'node:assert/strict'
import { create, globals } from 'webgpu'
import { tiledVariants } from '../../../../src/engine/compute/webgpu/ops/gemm/tiled.ts'
import { Pipelines } from '../../../../src/engine/compute/webgpu/pipelines.ts'
import { allVariants } from '../../../support/shaderVariants.ts'

describe('WGSL', function () {
  this.timeout(300_000)
  Object.assign(globalThis, globals)
  // Dawn's null backend validates and compiles, and runs nothing. The instance must stay referenced.
  const gpu = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis'])
  let device: GPUDevice
  let pipelines: Pipelines

  before(async () => {
    const adapter = await gpu.requestAdapter()
    assert.ok(adapter)
    const experimental = ['chromium-experimental-subgroup-matrix', 'subgroup-size-control'] as string[]
    device = await adapter.requestDevice({
      requiredFeatures: ['subgroups', 'shader-f16', ...experimental] as GPUFeatureName[],
    })
    pipelines = new Pipelines(device)
  })
  after(() => device.destroy())

  it('has no two variants under one name', () => {
    assert.equal(new Set(allVariants.map((v) => v.key)).size, allVariants.length)
  })

  // The null backend has 16 KiB for a workgroup; amdCompiler.test.ts compiles what takes 32.
  const ask = Object.values(tiledVariants).flatMap(({ largeTwice }) => largeTwice)
  for (const variant of allVariants.filter((one) => !ask.includes(one)))
    it(`compiles ${variant.key} with the default limits of WebGPU`, async () => {
      device.pushErrorScope('validation')
      pipelines.get(variant)
      assert.equal((await device.popErrorScope())?.message, undefined)
    })
})
