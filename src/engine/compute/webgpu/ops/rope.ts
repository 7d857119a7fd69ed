// Rotary positions, in place: one invocation a pair.
import type { Kernels } from '../../kernels.ts'
import { reshape, rows } from '../../tensor.ts'
import { pieces, type Gpu } from '../gpu.ts'
import { f32, gridOf, variant } from '../shader.ts'
import { perElement } from './elementwise.ts'

const rope = perElement(
  'rope',
  { x: 'rw f32', cosines: 'f32', sines: 'f32' },
  { firstRow: 'u32', seqLen: 'u32', numHeads: 'u32', headDim: 'u32', pairs: 'u32', direction: 'f32' },
  /* wgsl */ `
  let pair = i % p.pairs;
  let head = i / p.pairs; // over all rows
  let t = (p.firstRow + head / p.numHeads) % p.seqLen;
  let low = p.xAt + head * p.headDim + pair;
  let high = low + p.pairs;
  let c = cosines[p.cosinesAt + t * p.pairs + pair];
  let s = p.direction * sines[p.sinesAt + t * p.pairs + pair];
  let a = x[low];
  let b = x[high];
  x[low] = a * c - b * s;
  x[high] = b * c + a * s;`,
)

const turn = variant(rope)

export function ropeOf(gpu: Gpu): Pick<Kernels, 'rope'> {
  return {
    rope(x, cos, sin, { seqLen, numHeads, headDim, rotaryDim, inverse }) {
      const width = numHeads * headDim
      const count = x.length / width
      const pairs = rotaryDim / 2
      for (const [start, end] of pieces(count, gpu.windowBytes / 4 / width)) {
        const length = (end - start) * numHeads * pairs
        gpu.run({
          variant: turn,
          tensors: [rows(reshape(x, [count, width]), start, end), cos, sin],
          params: [length, start, seqLen, numHeads, headDim, pairs, f32(inverse ? -1 : 1)],
          groups: gridOf(length),
        })
      }
    },
  }
}
