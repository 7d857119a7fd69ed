import type { WebGpuBackend, WebGpuOptions } from '../../../src/engine/compute/webgpu/backend.ts'
import { isShort, variants } from '../../support/extent.ts'
import { openOrSkip } from '../../support/webgpu.ts'
import { groups } from './cases/index.ts'
import { checkCase, type OpCase } from './cases/opCase.ts'

interface Variant {
  options: WebGpuOptions
  offsets: number[]
  /** The groups that it runs: all, if this is left out. */
  only?: readonly string[]
  without?: RegExp
}

/** The groups whose shaders differ by the kind of products; the others would compile the same shaders again. */
const withProducts = ['products', 'adapters']

/**
 * Adapters with small subgroups use other products than all others; small windows split what tests can afford, and exact bindings keep a
 * kernel that goes beyond its tensors from finding its neighbours' values there.
 */
const all: Record<string, Variant> = {
  'as the adapter is': { options: {}, offsets: [0, 7] },
  'with portable products and windows of 16 KiB': {
    options: { products: 'portable', windowBytes: 16384, reachBytes: 16384, exactBindings: true },
    offsets: [7],
    // Thousands of dispatches each; `linear 12×2560` has its sum in parts too, and the masked one with bias does what these do.
    without: /^linear 96×2560|^loraBackward 9: 70×2100 rank 5( masked| with bias)?$/,
  },
  'with portable products': { options: { products: 'portable' }, offsets: [0], only: withProducts },
  'with the smallest tiles': { options: { products: 'smallTiles' }, offsets: [0], only: withProducts },
  'with the largest tiles': { options: { products: 'largeTiles', exactBindings: true }, offsets: [0, 8] },
}

for (const [title, { options, offsets, only = Object.keys(groups), without }] of variants(all, ['as the adapter is']))
  describe(`WebGPU backend ${title}`, function () {
    this.timeout(300_000)
    let backend: WebGpuBackend
    before(async function () {
      backend = await openOrSkip(this, options)
    })
    after(() => backend?.close())
    const isLeftOut = ({ name }: OpCase) => without?.test(name) ?? false
    for (const group of only)
      describe(group, () => {
        for (const offset of isShort ? [0] : offsets)
          for (const c of groups[group].filter((one) => !isLeftOut(one)))
            it(`${c.name} agrees ${offset ? 'on views' : 'with the reference'}`, () => checkCase(backend, c, offset))
      })
  })
