// Weights in the order that their device reads fastest, while only products read them.
import type { Backend } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { Linear } from './module.ts'

/** Tokens for which the time of packing weights and unpacking them again is a small share of what packed ones save. */
const worthwhileTokens = 8192

type Packer = Pick<Backend, 'precision' | 'packing'>

/** A weight as products in bf16 read it fastest, in place. */
export function packWeight({ precision, packing }: Packer, weight: Tensor): Tensor {
  return precision === 'bf16' && packing ? packing.pack(weight) : weight
}

/** The part of a block that is packed. */
interface Packable {
  readonly linears: readonly Linear[]
}

/** Packs the weights that products in bf16 read, in place. Kernels other than products refuse a packed weight. */
export function packBlock(backend: Packer, { linears }: Packable): void {
  for (const linear of linears) linear.weight = packWeight(backend, linear.weight)
}

/** The block packed while `tokens` tokens go through it, until the end of the scope. */
export function packedFor(tokens: number, backend: Packer, block: Packable): Disposable {
  if (tokens >= worthwhileTokens) packBlock(backend, block)
  return {
    [Symbol.dispose]() {
      for (const linear of block.linears) linear.weight = backend.packing?.unpack(linear.weight) ?? linear.weight
    },
  }
}
