// One block of OPT-30B: loading, a forward pass, Wanda, SparseGPT, and what 48 of them make.
import { releaseBlock } from '../../../src/engine/model/block.ts'
import { pruneTimes, randomBlock, type RandomBlock } from '../block.ts'
import { opt30, small } from '../shapes.ts'
import { rounded, timed, type Part } from './part.ts'

export const thirtyB: Part = async ({ backend, small: asSmall }) => {
  const shape = asSmall ? small(opt30) : opt30
  const found: Record<string, object> = {}
  let load = 0
  for (const method of ['wanda', 'sparsegpt'] as const) {
    let made: RandomBlock | null = null
    load = await timed(backend, async () => (made = await randomBlock(backend, shape)))
    if (!made) continue
    found[method] = await pruneTimes(backend, made, method, null)
    releaseBlock(backend, (made as RandomBlock).block)
  }
  const all = Object.entries(found).map(([method, times]) => [
    method,
    Math.round(shape.blocks * Number('total' in times && times.total)),
  ])
  const { peakBytes } = backend.memory()
  return {
    shape: shape.name,
    load_s: rounded(load),
    ...found,
    seconds_of_all_blocks: Object.fromEntries(all) as object,
    peak_bytes: peakBytes,
  }
}
