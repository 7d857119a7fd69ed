// Which matrix shape is taken, and what is said where there is none. That the shaders compile is tested in shaders.test.ts.
import assert from 'node:assert/strict'
import { hasSmallSubgroups, tensorCoresOf } from '../../../../src/engine/compute/webgpu/adapter.ts'
import { allKernels, type DeviceKernels } from '../../../../src/engine/compute/webgpu/kernels.ts'
import { type Gpu, variant } from '../../../../src/engine/compute/webgpu/shader.ts'
import type { Tensor } from '../../../../src/engine/compute/tensor.ts'
import type { DType } from '../../../../src/engine/dtype.ts'
import { openWebGpu } from '../../../../src/engine/compute/webgpu/backend.ts'
import { chooseShape, type SubgroupMatrixConfig } from '../../../../src/engine/compute/webgpu/ops/gemm/tensorCores.ts'
import { openWrapped } from '../../../support/wrappedGpu.ts'

const config = (M: number, N: number, K: number, result = 'f32', component = 'f16'): SubgroupMatrixConfig => ({
  componentType: component,
  resultComponentType: result,
  ...{ M, N, K },
})

/** An adapter that lists what a real one does. */
const adapterOf = (features: readonly string[], sizes: readonly [number, number], configs = [config(16, 16, 16)]) =>
  ({
    features: new Set(['subgroups', ...features]),
    info: {
      ...{ vendor: '', device: '', description: '', architecture: '', isFallbackAdapter: false },
      ...{ subgroupMinSize: sizes[0], subgroupMaxSize: sizes[1], subgroupMatrixConfigs: configs },
    },
  }) as unknown as GPUAdapter

/** Names of the shaders that a kernel's products take on a device with tensor cores. */
function productsOf(rounds: boolean, call: (kernels: DeviceKernels, gpu: Gpu) => void): string[] {
  const names: string[] = []
  const tensor = variant({ name: 'tensor', code: '', bindings: 'wrrr' })
  const gpu: Gpu = {
    ...{ windowBytes: 2 ** 24, reachBytes: 2 ** 24, smallSubgroups: false, largeTiles: null, flopsPerDispatch: 1e12 },
    tensorProducts: { variants: [tensor, tensor, tensor], rounds },
    run: ({ variant: { shader } }) => void (/^(gemm|tensor)/.test(shader.name) && names.push(shader.name)),
    scratch: (shape, dtype = 'f32') => of(shape, dtype),
  }
  call(allKernels(gpu), gpu)
  return [...new Set(names)]
}

const of = (shape: readonly number[], dtype: DType = 'f32'): Tensor => ({
  ...{ buffer: 1, dtype, shape, offset: 0 },
  length: shape.reduce((product, size) => product * size, 1),
})

describe('tensor cores', function () {
  this.timeout(300_000)

  it('16 × 16 × 16 is taken where an adapter lists it, else its first shape with f32 sums that divides a tile, f16 before f32', () => {
    const shapeOf = (...configs: SubgroupMatrixConfig[]) => chooseShape(configs)
    assert.deepEqual(shapeOf(config(16, 8, 16), config(16, 16, 16)), { shape: { m: 16, n: 16, k: 16 }, input: 'f16' })
    const eight = { m: 8, n: 8, k: 8 }
    assert.deepEqual(shapeOf(config(16, 16, 16, 'f16'), config(8, 8, 8)), { shape: eight, input: 'f16' })
    assert.deepEqual(shapeOf(config(8, 8, 8, 'f32', 'f32'), config(8, 8, 8)), { shape: eight, input: 'f16' })
    assert.deepEqual(shapeOf(config(8, 8, 8, 'f32', 'f32')), { shape: eight, input: 'f32' })
    assert.equal(shapeOf(config(64, 64, 16), config(16, 16, 16, 'f16'), config(8, 8, 32, 'f32', 'f32')), null)
    assert.equal(shapeOf(), null)
  })

  it('are found under the name of Chromium and under the one to come, and need subgroups of one size or of a size asked for', () => {
    const [old, next, f16, control] = [
      'chromium-experimental-subgroup-matrix',
      'subgroup-matrix',
      'shader-f16',
      'subgroup-size-control',
    ]
    assert.equal(tensorCoresOf(adapterOf([old, f16], [32, 32]))?.extension, 'chromium_experimental_subgroup_matrix')
    assert.equal(tensorCoresOf(adapterOf([next, f16], [32, 32]))?.extension, 'subgroup_matrix')
    assert.equal(tensorCoresOf(adapterOf([f16], [32, 32])), null)
    assert.equal(tensorCoresOf(adapterOf([old], [32, 32])), null)
    assert.notEqual(tensorCoresOf(adapterOf([old], [32, 32], [config(8, 8, 8, 'f32', 'f32')])), null)
    assert.equal(tensorCoresOf(adapterOf([old, f16], [32, 64])), null)
    const sized = (least: number, most: number) => {
      const cores = tensorCoresOf(adapterOf([old, f16, control], [least, most]))
      return [cores?.subgroupSize, cores?.fixesSize]
    }
    assert.deepEqual(sized(32, 64), [32, true])
    assert.deepEqual(sized(8, 16), [16, true])
    assert.deepEqual(sized(64, 64), [64, false])
  })

  it('round only products of linears: Gram matrices, factors and merges stay exact', () => {
    const [n, i, o] = [128, 192, 256]
    const square = of([i, i])
    const [x, y, w] = [of([n, i]), of([n, o]), of([o, i])]
    const [a, b] = [of([16, i]), of([o, 16])]
    const rounded: Record<string, (kernels: DeviceKernels) => void> = {
      linear: (k) => k.linear(y, x, w, null),
      linearBackwardInput: (k) => k.linearBackwardInput(x, y, w, false),
      linearBackwardWeight: (k) => k.linearBackwardWeight(w, y, x),
    }
    const exact: Record<string, (kernels: DeviceKernels) => void> = {
      gram: (k) => k.gram(square, x, 1),
      gemm: (k) => k.gemm(y, x, w, { transB: true }),
      factorPanel: (k) => k.factorPanel(of([512, 512]), of([1], 'u32'), 256, 256),
      sweep: (k) =>
        k.sweep(
          w,
          of([o, 6], 'u32'),
          of([o]),
          { upper: square, inverseDiagonal: of([1, i]) },
          { start: 0, end: 64 },
          null,
        ),
      loraWeight: (k) => k.loraWeight(w, w, null, a, b, 1),
    }
    for (const [name, call] of Object.entries(rounded)) assert.deepEqual(productsOf(true, call), ['tensor'], name)
    for (const [name, call] of Object.entries(exact)) {
      const found = productsOf(true, call)
      assert.ok(found.length > 0 && !found.includes('tensor'), `${name}: ${found.join()}`)
      // Matrix units with f32 inputs round nothing.
      assert.deepEqual(productsOf(false, call), ['tensor'], name)
    }
  })

  it('products for small subgroups are taken on software alone', () => {
    const small = adapterOf([], [8, 8])
    assert.equal(hasSmallSubgroups(small), false)
    const software = { ...small, info: { ...small.info, isFallbackAdapter: true } } as unknown as GPUAdapter
    assert.equal(hasSmallSubgroups(software), true)
  })

  it('are refused with a message by an adapter that lists no tensor cores', async () => {
    const asked = openWebGpu({ products: 'tensorCores', flags: ['backend=null'] })
    await assert.rejects(asked, { code: 'unsupported', message: /lists no tensor cores/ })
  })

  it('are trusted only where a product with them is right: the null backend lists them and computes nothing', async () => {
    const asked = openWrapped(
      { products: 'tensorCores', flags: ['backend=null'] },
      { subgroupSizes: [32, 32], subgroupMatrixConfigs: [config(16, 16, 16)] },
    )
    await assert.rejects(asked, { code: 'unsupported', message: /a product of halves gave \S+ for 16/ })
  })
})
