// WebGPU in tests: any adapter will do, a software one too; without one the suite is skipped with the reason.
import { openWebGpu, type WebGpuBackend, type WebGpuOptions } from '../../src/engine/compute/webgpu/backend.ts'
import { EngineError } from '../../src/engine/errors.ts'
import { lacks } from './skip.ts'

export async function openOrSkip(context: Mocha.Context, options: WebGpuOptions = {}): Promise<WebGpuBackend> {
  try {
    return await openWebGpu(options)
  } catch (error) {
    if (!(error instanceof EngineError && error.code === 'unsupported')) throw error
    return lacks(context, error.message)
  }
}
