import { openCpu, type CpuBackend, type CpuOptions } from '../../../src/engine/compute/cpu/open.ts'
import { cannot } from '../../support/skip.ts'
import { bf16AttentionCases } from './cases/attention.ts'
import { bf16Cases } from './cases/bf16.ts'
import { groups } from './cases/index.ts'
import { checkCase } from './cases/opCase.ts'

const variants: Record<string, CpuOptions> = {
  'with BLAS where there is one': { threads: 3 },
  'on more threads than cores': { threads: 9 },
  'with wasm products': { blas: 'none', threads: 2 },
  'on tensors outside WebAssembly': { threads: 3, largeBytes: 0 },
  'on tensors outside WebAssembly, with wasm products': { blas: 'none', threads: 2, largeBytes: 0 },
  'on tensors inside and outside': { threads: 2, largeBytes: 1500 },
  'without relaxed SIMD': { blas: 'none', relaxed: false, threads: 1 },
}

for (const [title, options] of Object.entries(variants))
  describe(`CPU backend ${title}`, () => {
    let backend: CpuBackend
    before(async () => {
      backend = await openCpu(options)
    })
    after(() => backend.close())
    for (const [group, cases] of Object.entries(groups))
      describe(group, () => {
        for (const c of cases) it(`${c.name} agrees with the reference`, () => checkCase(backend, c))
        for (const c of cases) it(`${c.name} agrees on views`, () => checkCase(backend, c, 7))
      })
    describe('products of bf16', () => {
      before(function () {
        if (!backend.traits.bf16Products) cannot(this, String(backend.info.details.oneDnnNote))
      })
      for (const c of [...bf16Cases, ...bf16AttentionCases])
        it(`${c.name} agrees with the reference`, () => checkCase(backend, c))
      for (const c of [...bf16Cases, ...bf16AttentionCases])
        it(`${c.name} agrees on views`, () => checkCase(backend, c, 7))
    })
  })
