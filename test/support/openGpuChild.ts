// A process that computes on a GPU, where there is one, and leaves the device open at its end.
import { probe } from '../../src/engine/compute/open.ts'
import { openWebGpu } from '../../src/engine/compute/webgpu/backend.ts'

const gpu = await openWebGpu().catch(() => null)
if (gpu) await probe(gpu)
