// All kernels of the GPU, and all shaders they may use.
import type { Kernels } from '../kernels.ts'
import type { Gpu } from './gpu.ts'
import { activations, activationVariants } from './ops/activations.ts'
import { adapters, adapterVariants } from './ops/adapters.ts'
import { attentionOf, attentionVariants } from './ops/attention.ts'
import { attentionStepOf, attentionStepVariants } from './ops/attentionStep.ts'
import { copies, copyVariants } from './ops/copies.ts'
import { elementwise, elementwiseVariants } from './ops/elementwise.ts'
import { gathersOf, gatherVariants } from './ops/gather.ts'
import { distillation, distillationVariants } from './ops/distillation.ts'
import { losses, lossVariants } from './ops/losses.ts'
import { norms, normVariants } from './ops/norms.ts'
import { products, productVariants, smallSubgroupVariants, tensorCoreVariants } from './ops/products.ts'
import { pruneOps, pruneVariants, type PruneOps } from './ops/prune/index.ts'
import { reductions, reduceVariants } from './ops/reduce.ts'
import { ropeOf, ropeVariants } from './ops/rope.ts'
import type { Variant } from './shader.ts'

/** Everything that is recorded: the kernels, and the operations that pruning is made of. */
export type DeviceKernels = Kernels & PruneOps

export function allKernels(gpu: Gpu): DeviceKernels {
  const copying = copies(gpu)
  const reducing = reductions(gpu)
  return {
    ...products(gpu),
    ...adapters(gpu, copying),
    ...attentionOf(gpu, reducing),
    ...attentionStepOf(gpu, copying),
    ...ropeOf(gpu),
    ...norms(gpu),
    ...activations(gpu),
    ...elementwise(gpu),
    ...gathersOf(gpu),
    ...losses(gpu),
    ...distillation(gpu),
    ...copying,
    ...reducing,
    ...pruneOps(gpu, copying),
  }
}

export const allVariants: readonly Variant[] = [
  ...productVariants,
  ...smallSubgroupVariants,
  ...tensorCoreVariants,
  ...adapterVariants,
  ...attentionVariants,
  ...attentionStepVariants,
  ...ropeVariants,
  ...normVariants,
  ...activationVariants,
  ...elementwiseVariants,
  ...gatherVariants,
  ...lossVariants,
  ...distillationVariants,
  ...copyVariants,
  ...reduceVariants,
  ...pruneVariants,
]
