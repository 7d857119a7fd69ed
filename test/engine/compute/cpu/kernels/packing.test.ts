import assert from 'node:assert/strict'
import { readF32, upload, type Packing } from '../../../../../src/engine/compute/backend.ts'
import { openCpu, type CpuBackend } from '../../../../../src/engine/compute/cpu/open.ts'
import { rows, type Tensor } from '../../../../../src/engine/compute/tensor.ts'
import { createRng } from '../../../../../src/engine/rng.ts'
import { relativeDifference } from '../../../../support/goldens.ts'
import { cannot } from '../../../../support/skip.ts'

for (const largeBytes of [undefined, 0])
  describe(`packed weights ${largeBytes === 0 ? 'outside' : 'inside'} WebAssembly`, () => {
    let backend: CpuBackend
    let packing: Packing
    before(async function () {
      backend = await openCpu({ threads: 3, largeBytes })
      if (!backend.packing) cannot(this, `oneDNN does not read them here: ${backend.info.details.oneDnnNote}`)
      packing = backend.packing
    })
    after(() => backend.close())

    const rng = createRng(5, 'packing')
    const wide = (shape: number[]) =>
      upload(
        backend,
        'f32',
        shape,
        Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => rng.normal()),
      )
    const narrow = (x: Tensor): Tensor => {
      const out = backend.allocate('bf16', x.shape)
      backend.kernels.convert(out, x)
      return out
    }
    const copyOf = (x: Tensor): Tensor => narrow(widened(x))
    const widened = (x: Tensor): Tensor => {
      const out = backend.allocate('f32', x.shape)
      backend.kernels.convert(out, x)
      return out
    }

    for (const [o, i] of [
      [64, 32],
      [192, 576],
      [1280, 96],
    ])
      it(`[${o}, ${i}] multiply as they do unpacked, whatever the number of rows`, async () => {
        const [weight, bias] = [narrow(wide([o, i])), wide([o])]
        const packed = packing.pack(copyOf(weight))
        assert.equal(packed.dtype, 'packed')
        for (const n of [1, 7, 130])
          for (const withBias of [null, bias]) {
            const input = narrow(wide([n, i]))
            const [got, expected] = [0, 1].map(() => backend.allocate('f32', [n, o]))
            backend.kernels.linear(expected, input, weight, withBias)
            backend.kernels.linear(got, input, packed, withBias)
            const difference = relativeDifference(await readF32(backend, got), await readF32(backend, expected))
            assert.ok(difference < 2e-6, `${n} rows, bias ${withBias !== null}: ${difference}`)
          }
      })

    it('take an input of f32, one row of it too, rounded to bf16', async () => {
      const [o, i] = [128, 64]
      const weights = [0, 1].map(() => narrow(wide([o, i])))
      const packed = weights.map((weight) => packing.pack(copyOf(weight)))
      for (const n of [1, 5]) {
        const input = wide([n, i])
        const [got, expected] = [0, 1].map(() => [0, 1].map(() => backend.allocate('f32', [n, o])))
        backend.kernels.linears(expected, narrow(input), weights, [null, null])
        backend.kernels.linears(got, input, packed, [null, null])
        for (const k of [0, 1]) {
          const difference = relativeDifference(await readF32(backend, got[k]), await readF32(backend, expected[k]))
          assert.ok(difference < 2e-6, `${n} rows: ${difference}`)
        }
      }
    })

    it('multiply in the pass that activates and gates', async () => {
      const [n, o, i] = [70, 192, 96]
      const [weight, factor] = [narrow(wide([o, i])), wide([n, o])]
      const input = narrow(wide([n, i]))
      const [expected, got] = [0, 1].map(() => backend.allocate('bf16', [n, o]))
      for (const [out, read] of [
        [expected, weight],
        [got, packing.pack(copyOf(weight))],
      ])
        assert.ok(backend.fused?.linearActivated(out, input, read, null, 'silu', factor))
      const [a, b] = await Promise.all([got, expected].map(async (x) => readF32(backend, widened(x))))
      assert.ok(relativeDifference(a, b) < 4e-3)
    })

    it('are unpacked to the same bits', async () => {
      const weight = narrow(wide([320, 96]))
      const before = await backend.read(weight)
      const after = packing.unpack(packing.pack(weight))
      assert.equal(after.dtype, 'bf16')
      assert.deepEqual(await backend.read(after), before)
    })

    it('give rows of a table, and of its chunks', async () => {
      const [o, i] = [256, 64]
      const table = narrow(wide([o, i]))
      const packed = packing.pack(copyOf(table))
      const ids = upload(backend, 'i32', [5], Int32Array.of(0, 63, 64, 200, 255))
      const [got, expected] = [0, 1].map(() => backend.allocate('f32', [5, i]))
      backend.kernels.gatherRows(expected, table, ids, 0.5)
      backend.kernels.gatherRows(got, rows(packed, 0, 128), ids, 0.5)
      backend.kernels.gatherRows(got, rows(packed, 128, 256), ids, 0.5, 128)
      assert.deepEqual(await readF32(backend, got), await readF32(backend, expected))
    })

    it('stay as they are where a layout of whole groups does not fit, or the type is another', () => {
      for (const tensor of [narrow(wide([96, 64])), narrow(wide([64, 48])), wide([64, 32])])
        assert.equal(packing.pack(tensor), tensor)
    })

    it('are refused by kernels that would take them for rows', () => {
      const packed = packing.pack(narrow(wide([64, 32])))
      assert.throws(() => backend.kernels.convert(backend.allocate('f32', [64, 32]), packed), /packed/)
    })
  })
