// Compiles every shader that a GPU may be given with the driver that the environment chooses, each behind a line with its key
// (amdCompiler.ts reads what the driver prints in between).
import { writeSync } from 'node:fs'
import { create, globals } from 'webgpu'
import { Pipelines } from '../../src/engine/compute/webgpu/pipelines.ts'
import { gpuVariants } from './shaderVariants.ts'

Object.assign(globalThis, globals)
// Dawn's instance must stay referenced.
const gpu = create([])
const adapter = await gpu.requestAdapter()
if (!adapter) process.exit(3)
const { maxComputeWorkgroupStorageSize } = adapter.limits
const device = await adapter.requestDevice({
  requiredFeatures: ['subgroups'],
  requiredLimits: { maxComputeWorkgroupStorageSize },
})
const pipelines = new Pipelines(device)
for (const variant of gpuVariants()) {
  writeSync(2, `\n== ${variant.key}\n`)
  pipelines.get(variant)
}
process.exit(0)
