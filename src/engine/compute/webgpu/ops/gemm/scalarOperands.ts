// Operands that a product's shader reads a number at a time: any offset, leading dimension and element type of b.
import { halves } from '../../halves.ts'
import { gemmHead } from './params.ts'

/** Operands that follow the head of all products; b is read by `loadB`. */
export const scalarOperands = /* wgsl */ `
${gemmHead}
${halves}
@group(1) @binding(1) var<storage, read> a: array<f32>;
@group(1) @binding(2) var<storage, read> b: array<u32>;

fn loadB(i: u32) -> f32 {
  if (DTYPE == 0u) { return bitcast<f32>(b[i]); }
  return floatOfHalf((b[i >> 1u] >> (16u * (i & 1u))) & 0xffffu);
}
`
