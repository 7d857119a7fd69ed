// The GPU backend with Dawn's adapter wrapped in its thread (gpuThread.ts): it seems to offer less, and its device can be lost.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { MessageChannel, Worker } from 'node:worker_threads'
import { openWebGpu, type WebGpuBackend, type WebGpuOptions } from '../../src/engine/compute/webgpu/backend.ts'
import type { SimulatedAdapter } from './simulate.ts'

export interface WrappedGpu extends WebGpuBackend {
  /** Loses the device as a reset by its driver would. */
  loseDevice(): void
}

/** As `openWebGpu` on this machine's adapter, lessened. */
export async function openWrapped(options: WebGpuOptions = {}, simulated: SimulatedAdapter = {}): Promise<WrappedGpu> {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm/api')).href.replace(/cjs$/, 'mjs')
  const source = new URL('./gpuThread.ts', import.meta.url).href
  const boot = `import('${loader}').then(({ register }) => { register(); return import(${JSON.stringify(source)}) })`
  let loseDevice = () => {}
  const backend = await openWebGpu(options, (request) => {
    const { port1, port2 } = new MessageChannel()
    loseDevice = () => port1.postMessage('lose')
    port1.unref()
    const workerData = { ...request, simulated, lose: port2 }
    return new Worker(boot, { eval: true, workerData, transferList: [port2] })
  })
  return { ...backend, loseDevice: () => loseDevice() }
}
