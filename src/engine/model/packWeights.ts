// Weights in the order that their device reads fastest, while only products read them.
import type { Backend } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { Linear } from './module.ts'

/** Number of tokens from which the time of packing and unpacking weights is small compared with the time that packed weights save. */
const worthwhileTokens = 8192

type Packer = Pick<Backend, 'precision' | 'packing'>

/** Packs a weight in place where products are in bf16 and the device has an order for it; else returns the weight as it is. */
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

/** Packs a block until the end of the scope, if the `tokens` tokens that go through it are enough to save time. */
export function packedFor(tokens: number, backend: Packer, block: Packable): Disposable {
  if (tokens >= worthwhileTokens) packBlock(backend, block)
  return {
    [Symbol.dispose]() {
      for (const linear of block.linears) linear.weight = backend.packing?.unpack(linear.weight) ?? linear.weight
    },
  }
}
