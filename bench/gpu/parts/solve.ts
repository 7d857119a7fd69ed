// Pruning a block of the two usual shapes by what moves weights and by what only scores them.
import { releaseBlock } from '../../../src/engine/model/block.ts'
import { pruneTimes, randomBlock } from '../block.ts'
import { llama7, opt13, small } from '../shapes.ts'
import type { Part } from './part.ts'

export const solve: Part = async ({ backend, small: asSmall }) => {
  const rows = []
  for (const shape of [opt13, llama7].map((s) => (asSmall ? small(s) : s)))
    for (const [method, pattern] of [
      ['wanda', null],
      ['sparsegpt', null],
      ['sparsegpt', { n: 2, m: 4 }],
    ] as const) {
      const made = await randomBlock(backend, shape)
      const times = await pruneTimes(backend, made, method, pattern)
      releaseBlock(backend, made.block)
      rows.push({ shape: shape.name, method, pattern, ...times, all_blocks: Math.round(shape.blocks * times.total) })
    }
  return { seconds_of: 'a block, to half; all_blocks: of the whole model', rows }
}
