// Counts the calls of a WebGPU backend to its device, from outside: gpuCounts/hook.cjs is loaded into the GPU's thread.
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import threads, { BroadcastChannel, setEnvironmentData, type WorkerOptions } from 'node:worker_threads'
import { openWebGpu, type WebGpuBackend, type WebGpuOptions } from '../../src/engine/compute/webgpu/backend.ts'

export interface GpuCounts {
  readonly dispatches: number
  readonly submits: number
  /** Times that the host waited for the device. */
  readonly waits: number
  readonly copies: number
  readonly buffers: number
  readonly bindGroups: number
  /** Into tensors. */
  readonly bytesUp: number
  /** For kernels. */
  readonly parameterBytes: number
  readonly bytesDown: number
  /** Processor time of the GPU's thread, and how much of it was spent in waits. NaN where the system does not report it. */
  readonly threadMs: number
  readonly waitMs: number
}

/** Dispatches that are alike. */
export interface KernelCount {
  readonly kernel: string
  readonly flops: number
  readonly bytes: number
  readonly workgroups: number
  /** Invocations of a workgroup. */
  readonly lanes: number
  /** What a lane does one after the other, each with loads that it waits for. */
  readonly steps: number
  /** The share of a product's lanes whose results are in it; 1 of all else. */
  readonly use: number
  readonly count: number
}

export interface CountedGpu {
  readonly backend: WebGpuBackend
  /** All since the last call; what was called before is done first. */
  take(): Promise<{ counts: GpuCounts; kernels: readonly KernelCount[] }>
  close(): Promise<void>
}

interface CountOptions extends WebGpuOptions {
  /** Computes nothing, and takes no memory (see hook.cjs), on a device with these limits. */
  readonly stub?: { readonly limits: Readonly<Record<string, number>> }
  /** Also counts the arithmetic and the bytes of each dispatch. */
  readonly kernels?: boolean
}

let opened = 0

/** @throws as `openWebGpu` */
export async function openCounted({ stub, kernels = false, ...options }: CountOptions = {}): Promise<CountedGpu> {
  const name = `gpu counts ${process.pid} ${opened++}`
  const dawn = join(
    dirname(createRequire(import.meta.url).resolve('webgpu')),
    'dist',
    `${process.platform}-${process.platform === 'darwin' ? 'universal' : process.arch}`,
    'dawn.node',
  )
  const hook = fileURLToPath(new URL('./gpuCounts/hook.cjs', import.meta.url))
  const { Worker } = threads
  setEnvironmentData('gpuCounts', { dawn, channel: name, stub: stub !== undefined, kernels, limits: stub?.limits })
  threads.Worker = class extends Worker {
    constructor(file: string | URL, settings: WorkerOptions) {
      super(file, { ...settings, execArgv: [...process.execArgv, '--require', hook] })
    }
  }
  syncBuiltinESMExports()
  let backend: WebGpuBackend
  try {
    backend = await openWebGpu(options)
  } finally {
    threads.Worker = Worker
    setEnvironmentData('gpuCounts', undefined)
    syncBuiltinESMExports()
  }
  const channel = new BroadcastChannel(name)
  channel.unref()
  let taken = 0
  return {
    backend,
    async take() {
      await backend.sync()
      channel.ref()
      const take = taken++
      return new Promise((resolve) => {
        channel.onmessage = ({ data }: { data: Awaited<ReturnType<CountedGpu['take']>> & { taken: number } }) => {
          if (data.taken !== take) return
          channel.unref()
          // The last wait was of this call.
          resolve({ kernels: data.kernels, counts: { ...data.counts, waits: data.counts.waits - 1 } })
        }
        channel.postMessage({ take })
      })
    },
    async close() {
      channel.close()
      await backend.close()
    },
  }
}
