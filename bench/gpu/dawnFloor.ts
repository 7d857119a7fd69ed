// Host time that Dawn takes for a dispatch whose objects all exist: the least for any backend that uses the package webgpu.
//   npx tsx bench/gpu/dawnFloor.ts     Linux only: processor time of this thread, kernels empty
import { readFileSync } from 'node:fs'
import { requestAdapter, requestDevice } from '../../src/engine/compute/webgpu/adapter.ts'

const [dispatches, submissions] = [1000, 100]
const microseconds = () => Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e3

const device = await requestDevice(await requestAdapter([]))
const { STORAGE, UNIFORM, COPY_DST } = GPUBufferUsage
const visibility = GPUShaderStage.COMPUTE
const layouts = [['uniform'], ['storage', 'read-only-storage', 'read-only-storage']].map((types) =>
  device.createBindGroupLayout({
    entries: types.map((type, binding) => ({ binding, visibility, buffer: { type: type as GPUBufferBindingType } })),
  }),
)
const module = device.createShaderModule({ code: '@compute @workgroup_size(1) fn main() {}' })
const layout = device.createPipelineLayout({ bindGroupLayouts: layouts })
const pipelines = [0, 1].map(() => device.createComputePipeline({ layout, compute: { module } }))
const parameters = device.createBuffer({ size: 256 * 256, usage: UNIFORM | COPY_DST })
const slots = Array.from({ length: 256 }, (_, i) =>
  device.createBindGroup({
    layout: layouts[0],
    entries: [{ binding: 0, resource: { buffer: parameters, offset: 256 * i, size: 256 } }],
  }),
)
const buffers = Array.from({ length: 40 }, () => device.createBuffer({ size: 4096, usage: STORAGE }))
const groups = Array.from({ length: 100 }, (_, i) =>
  device.createBindGroup({
    layout: layouts[1],
    entries: [0, 1, 2].map((binding) => ({ binding, resource: { buffer: buffers[(i + binding) % 40] } })),
  }),
)

async function submission(): Promise<[recording: number, submitting: number]> {
  const begun = microseconds()
  const encoder = device.createCommandEncoder()
  const pass = encoder.beginComputePass()
  for (let i = 0; i < dispatches; i++) {
    pass.setPipeline(pipelines[i % 2])
    pass.setBindGroup(0, slots[i % 256])
    pass.setBindGroup(1, groups[i % 100])
    pass.dispatchWorkgroups(1, 1, 1)
  }
  pass.end()
  const commands = encoder.finish()
  const recorded = microseconds()
  device.queue.submit([commands])
  const submitted = microseconds()
  await device.queue.onSubmittedWorkDone()
  return [recorded - begun, submitted - recorded]
}

for (let i = 0; i < 20; i++) await submission()
const sums = [0, 0]
for (let i = 0; i < submissions; i++) (await submission()).forEach((time, part) => (sums[part] += time))
const [recording, submitting] = sums.map((sum) => (sum / dispatches / submissions).toFixed(1))
console.log(`a dispatch: ${recording} µs to record, ${submitting} µs to submit`)
process.exit(0)
