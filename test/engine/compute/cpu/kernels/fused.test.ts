import assert from 'node:assert/strict'
import { readF32, upload, type Backend } from '../../../../../src/engine/compute/backend.ts'
import { openCpu, type CpuBackend } from '../../../../../src/engine/compute/cpu/open.ts'
import type { Activation, AttentionShape, FusedKernels } from '../../../../../src/engine/compute/kernels.ts'
import type { Tensor } from '../../../../../src/engine/compute/tensor.ts'
import { createRng } from '../../../../../src/engine/rng.ts'
import { relativeDifference } from '../../../../support/goldens.ts'
import { cannot } from '../../../../support/skip.ts'

type Type = 'f32' | 'bf16'

/** What a rounding to bf16 may differ by, of sums of f32 that differ in their last bits. */
const tolerance = { f32: 2e-6, bf16: 4e-3 }

for (const largeBytes of [undefined, 0])
  describe(`kernels in one pass on tensors ${largeBytes === 0 ? 'outside' : 'inside'} WebAssembly`, () => {
    let backend: CpuBackend
    let fused: FusedKernels
    before(async function () {
      backend = await openCpu({ threads: 3, largeBytes })
      if (!backend.fused) cannot(this, `oneDNN's primitives are not here: ${backend.info.details.oneDnnNote}`)
      fused = backend.fused
    })
    after(() => backend.close())

    const rng = createRng(5, 'fused')
    const random = (type: Type, shape: number[]) => {
      const length = shape[0] * (shape[1] ?? 1)
      const wide = upload(
        backend,
        'f32',
        shape,
        Float32Array.from({ length }, () => rng.normal()),
      )
      if (type === 'f32') return wide
      const narrow = backend.allocate('bf16', shape)
      backend.kernels.convert(narrow, wide)
      return narrow
    }

    for (const type of ['f32', 'bf16'] as const) {
      const [n, o, i] = [70, 200, 48]

      async function activated(kind: Activation, withBias: boolean, withFactor: boolean) {
        const { kernels } = backend
        const [input, weight] = [random(type, [n, i]), random(type, [o, i])]
        const bias = withBias ? random('f32', [o]) : null
        const factor = withFactor ? random('f32', [n, o]) : null
        const [product, expected, got] = (['f32', type, type] as const).map((t) => backend.allocate(t, [n, o]))
        kernels.linear(product, input, weight, bias)
        if (factor) kernels.gated(expected, product, factor, kind)
        else kernels.activation(expected, product, kind)
        assert.ok(fused.linearActivated(got, input, weight, bias, kind, factor))
        return relativeDifference(await values(backend, got), await values(backend, expected))
      }

      for (const kind of ['gelu', 'geluTanh', 'quickGelu', 'silu'] as const)
        it(`${kind} of a linear of ${type} is what two kernels give, and so is its product with a factor`, async () => {
          for (const [withBias, withFactor] of [
            [false, false],
            [true, false],
            [false, true],
            [true, true],
          ]) {
            const difference = await activated(kind, withBias, withFactor)
            assert.ok(difference < tolerance[type], `${withBias} ${withFactor}: ${difference}`)
          }
        })

      for (const [seqLen, numHeads, numKvHeads] of [
        [7, 6, 2],
        [64, 6, 2],
        [150, 6, 2],
        [2, 7, 1],
        [137, 7, 1],
        [700, 14, 2],
        [70, 3, 3],
      ])
        it(`attention of ${type} over ${seqLen} tokens, ${numHeads} heads on ${numKvHeads}, is what the kernel with a backward gives`, async () => {
          const shape: AttentionShape = {
            ...{ batch: 2, seqLen, numHeads, numKvHeads, headDim: 24 },
            ...{ scale: 24 ** -0.5, window: 0, softcap: 0 },
          }
          const [q, k, v] = [numHeads, numKvHeads, numKvHeads].map((heads) => random(type, [2 * seqLen, 24 * heads]))
          const [expected, got] = [0, 1].map(() => backend.allocate(type, [2 * seqLen, numHeads * 24]))
          const logSum = backend.allocate('f32', [2 * seqLen, numHeads])
          backend.kernels.attention(expected, logSum, q, k, v, null, shape)
          assert.ok(fused.attentionAlone(got, q, k, v, shape))
          const difference = relativeDifference(await values(backend, got), await values(backend, expected))
          assert.ok(difference < 2 * tolerance[type], String(difference))
          backend.kernels.fill(got, 3)
          for (const other of [{ softcap: 5 }, { window: seqLen - 1 }, { scale: -1 }])
            assert.equal(fused.attentionAlone(got, q, k, v, { ...shape, ...other }), false)
          assert.ok((await values(backend, got)).every((x) => x === 3))
        })
    }

    it('says that it has no pass for other activations, for ReLU, which would hide NaN, and for operands of two types', () => {
      const [input, narrow, weight] = [random('f32', [4, 8]), random('bf16', [4, 8]), random('f32', [16, 8])]
      const out = backend.allocate('f32', [4, 16])
      assert.equal(fused.linearActivated(out, input, weight, null, 'relu2', null), false)
      assert.equal(fused.linearActivated(out, input, weight, null, 'relu', null), false)
      assert.equal(fused.linearActivated(out, narrow, weight, null, 'gelu', null), false)
    })
  })

async function values(backend: Backend, tensor: Tensor): Promise<Float32Array> {
  if (tensor.dtype === 'f32') return readF32(backend, tensor)
  const wide = backend.allocate('f32', tensor.shape)
  backend.kernels.convert(wide, tensor)
  return readF32(backend, wide)
}
