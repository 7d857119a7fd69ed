// A GPU that computes nothing (test/support/gpuCounts): what is read back from it is made up, so that the program takes the same path
// as with real numbers.
import { readFileSync } from 'node:fs'
import type { HostArray } from '../../../src/engine/dtype.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import type { Tensor } from '../../../src/engine/compute/tensor.ts'
import { webGpuPrune } from '../../../src/engine/compute/webgpu/prune.ts'
import type { PruneHost } from '../../../src/engine/prune/host.ts'
import { usualIterations } from '../../../src/catalog/methods/alps.ts'
import { openCounted, type GpuCounts, type KernelCount } from '../../../test/support/gpuCounts.ts'

/** Limits of an H100 under Vulkan, as Dawn passes them on. */
const limits = {
  maxBufferSize: 2 ** 32 - 2 ** 21,
  maxStorageBufferBindingSize: 2 ** 31 - 4,
  minStorageBufferOffsetAlignment: 256,
  minUniformBufferOffsetAlignment: 256,
  maxComputeWorkgroupStorageSize: 49152,
  maxComputeInvocationsPerWorkgroup: 1024,
}

/** Counts that can be added. */
export interface Counted {
  readonly counts: GpuCounts & { readonly mainMs: number }
  readonly kernels: readonly KernelCount[]
}

export interface StubbedGpu {
  readonly backend: PruneHost
  /** Counts what `work` asks of the device. */
  count(work: () => Promise<unknown>): Promise<Counted>
  close(): Promise<void>
}

/** Operations a second that dispatches are cut for: 30 % of an H100's peak in f32. */
const flopsPerSecond = 20e12

export async function openStubbed(kernels: boolean): Promise<StubbedGpu> {
  const products = 'portable'
  // The bytes that a kernel moves are derived from its bindings.
  const options = {
    stub: { limits },
    kernels,
    exactBindings: kernels,
    products,
    maxBytes: 80e9,
    flopsPerSecond,
  } as const
  const gpu = await openCounted(options)
  const read = madeUp(gpu.backend)
  const own = { ...gpu.backend, read, traits: { ...gpu.backend.traits, ownMemory: true } }
  const backend = { ...own, prune: webGpuPrune(own, gpu.backend.kernels as never, own.kernels) }
  return {
    backend,
    async count(work) {
      await gpu.take()
      const before = mainMs()
      await work()
      const { counts, kernels: found } = await gpu.take()
      return { counts: { ...counts, mainMs: mainMs() - before }, kernels: found }
    },
    close: () => gpu.close(),
  }
}

/** Processor time of this thread. */
function mainMs(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6
}

/**
 * Sums read as 1. All counts are in the first bin, so that every digit is asked for. A mask changes as often as ALPS changes one (in
 * every third iteration, until it rests).
 */
function madeUp(backend: Backend): Backend['read'] {
  const masks = new Map<number, number>()
  return async (tensor: Tensor): Promise<HostArray> => {
    const values = await backend.read(tensor)
    if (tensor.dtype === 'f32') return values.fill(1)
    if (tensor.dtype !== 'u32' || tensor.length === 1) return values
    if (tensor.shape.length === 1) {
      values[0] = 2 ** 31
      return values
    }
    const seen = masks.get(tensor.buffer) ?? 0
    masks.set(tensor.buffer, seen + 1)
    if (seen % 2 === 1 && seen < usualIterations / 3) values.fill(0xffffffff, 0, Math.ceil(values.length / 50))
    return values
  }
}
