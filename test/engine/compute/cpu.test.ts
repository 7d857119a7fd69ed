import { openCpu, type CpuBackend, type CpuOptions } from '../../../src/engine/compute/cpu/open.ts'
import { onBf16Processor } from '../../support/bf16Products.ts'
import { isShort, variants } from '../../support/extent.ts'
import { bf16AttentionCases } from './cases/attention.ts'
import { bf16Cases } from './cases/bf16.ts'
import { groups } from './cases/index.ts'
import { checkCase } from './cases/opCase.ts'

const all: Record<string, CpuOptions> = {
  'with oneDNN': { threads: 3 },
  'with BLAS': { oneDnn: 'none', threads: 3 },
  'on more threads than cores': { threads: 9 },
  'with wasm products': { blas: 'none', oneDnn: 'none', threads: 2 },
  'on tensors outside WebAssembly': { threads: 3, largeBytes: 0 },
  'on tensors outside WebAssembly, with wasm products': { blas: 'none', oneDnn: 'none', threads: 2, largeBytes: 0 },
  'on tensors inside and outside': { threads: 2, largeBytes: 1500 },
  'without relaxed SIMD': { blas: 'none', oneDnn: 'none', relaxed: false, threads: 1 },
}

for (const [title, options] of variants(all, ['with oneDNN', 'with BLAS', 'with wasm products']))
  describe(`CPU backend ${title}`, () => {
    onBf16Processor()
    let backend: CpuBackend
    before(async () => {
      backend = await openCpu(options)
    })
    after(() => backend.close())
    for (const [group, cases] of Object.entries(groups))
      describe(group, () => {
        for (const c of cases) it(`${c.name} agrees with the reference`, () => checkCase(backend, c))
        if (isShort) return
        for (const c of cases) it(`${c.name} agrees on views`, () => checkCase(backend, c, 7))
      })
    if (options.oneDnn === 'none') return
    describe('products of bf16', () => {
      for (const c of [...bf16Cases, ...bf16AttentionCases])
        it(`${c.name} agrees with the reference`, () => checkCase(backend, c))
      for (const c of [...bf16Cases, ...bf16AttentionCases])
        it(`${c.name} agrees on views`, () => checkCase(backend, c, 7))
    })
  })
