// The GPU's thread of the product, with the adapter of `workerData.simulated` in place of Dawn's (simulatedGpu.ts).
import { workerData } from 'node:worker_threads'
import { create } from 'webgpu'
import { simulate, type SimulatedAdapter } from './simulate.ts'

const { simulated } = workerData as { readonly simulated: SimulatedAdapter }
const gpu = Object.getPrototypeOf(create([])) as GPU
const request = gpu.requestAdapter
gpu.requestAdapter = async function (this: GPU, options) {
  const adapter = await request.call(this, options)
  return adapter && simulate(adapter, simulated)
}
await import('../../src/engine/compute/webgpu/worker.ts')
