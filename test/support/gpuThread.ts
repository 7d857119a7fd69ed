// The GPU's thread of the product over Dawn's adapter as `workerData.simulated` lessens it; a message to `lose` loses its device (wrappedGpu.ts).
import { type MessagePort, workerData } from 'node:worker_threads'
import { create } from 'webgpu'
import { simulate, type SimulatedAdapter } from './simulate.ts'

const { simulated, lose } = workerData as { readonly simulated: SimulatedAdapter; readonly lose: MessagePort }
let device: GPUDevice | null = null

const gpu = Object.getPrototypeOf(create([])) as GPU
const requestAdapter = gpu.requestAdapter
gpu.requestAdapter = async function (this: GPU, options) {
  const adapter = await requestAdapter.call(this, options)
  if (!adapter) return null
  const lessened = simulate(adapter, simulated)
  return new Proxy(lessened, {
    get: (target, name) =>
      name === 'requestDevice'
        ? async (asked: GPUDeviceDescriptor) => (device = await target.requestDevice(asked))
        : (Reflect.get(target, name) as unknown),
  })
}
lose.on('message', () => device?.destroy())
lose.unref()
await import('../../src/engine/compute/webgpu/worker.ts')
