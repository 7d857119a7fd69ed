// WebGPU in tests: any adapter will do, a software one too; without one the suite is skipped with the reason.
import { openWebGpu, type WebGpuBackend, type WebGpuOptions } from '../../src/engine/compute/webgpu/backend.ts'
import { EngineError } from '../../src/engine/errors.ts'
import { lacks } from './skip.ts'

export function openOrSkip(context: Mocha.Context, options?: WebGpuOptions): Promise<WebGpuBackend>
export function openOrSkip<B>(
  context: Mocha.Context,
  options: WebGpuOptions,
  open: (options: WebGpuOptions) => Promise<B>,
): Promise<B>
export async function openOrSkip(
  context: Mocha.Context,
  options: WebGpuOptions = {},
  open: (options: WebGpuOptions) => Promise<unknown> = openWebGpu,
): Promise<unknown> {
  try {
    return await open(options)
  } catch (error) {
    if (!(error instanceof EngineError && error.code === 'unsupported')) throw error
    return lacks(context, error.message)
  }
}
