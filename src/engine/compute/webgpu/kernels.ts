// All kernels of the GPU.
import type { Kernels } from '../kernels.ts'
import type { Gpu } from './shader.ts'
import { activations } from './ops/activations.ts'
import { adapters } from './ops/adapters.ts'
import { attentionOf } from './ops/attention.ts'
import { attentionStepOf } from './ops/attentionStep.ts'
import { copies } from './ops/copies.ts'
import { elementwise } from './ops/elementwise.ts'
import { gathersOf } from './ops/gather.ts'
import { losses } from './ops/losses.ts'
import { norms } from './ops/norms.ts'
import { products } from './ops/gemm/linears.ts'
import { factorOf } from './ops/prune/factor.ts'
import type { PruneOps } from './ops/prune/index.ts'
import { smallestOf } from './ops/prune/maskRows.ts'
import { masksOf } from './ops/prune/maskSmallest.ts'
import { countsOf } from './ops/prune/scores.ts'
import { swapsOf } from './ops/prune/swaps.ts'
import { sweepOf } from './ops/prune/sweep.ts'
import { reductions } from './ops/reduce.ts'

/** Everything that is recorded: the kernels, and the operations that pruning is made of. */
export type DeviceKernels = Kernels & PruneOps

export function allKernels(gpu: Gpu): DeviceKernels {
  const copying = copies(gpu)
  const reducing = reductions(gpu)
  const activating = activations(gpu)
  const adding = elementwise(gpu)
  return {
    ...products(gpu, activating),
    ...adapters(gpu, { ...copying, ...reducing, ...adding }),
    ...attentionOf(gpu),
    ...attentionStepOf(gpu),
    ...norms(gpu),
    ...activating,
    ...adding,
    ...gathersOf(gpu),
    ...losses(gpu),
    ...copying,
    ...reducing,
    ...countsOf(gpu),
    ...masksOf(gpu, copying),
    ...smallestOf(gpu),
    ...factorOf(gpu, copying),
    sweep: sweepOf(gpu, copying),
    swapRows: swapsOf(gpu),
  }
}
