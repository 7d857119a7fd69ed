// Adapters that seem to offer less than this machine's: what Dawn gives is wrapped in the GPU's thread, before the backend sees it.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { openWebGpu, type WebGpuBackend, type WebGpuOptions } from '../../src/engine/compute/webgpu/backend.ts'
import type { SimulatedAdapter } from './simulate.ts'

/** As `openWebGpu` on this machine's adapter, lessened. */
export function openSimulated(simulated: SimulatedAdapter, options: WebGpuOptions = {}): Promise<WebGpuBackend> {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm/api')).href.replace(/cjs$/, 'mjs')
  const thread = new URL('./simulatedGpuThread.ts', import.meta.url).href
  const boot = `import('${loader}').then(({ register }) => { register(); return import(${JSON.stringify(thread)}) })`
  return openWebGpu(options, (request) => new Worker(boot, { eval: true, workerData: { ...request, simulated } }))
}
