// What no window asks for when it shows a checkpoint: a part of the bundle of its own (`splitting` in scripts/buildTargets.mjs), read
// when one of these is called.
export { listAdapters } from '../engine/compute/webgpu/survey.ts'
export { writeModelCard } from '../engine/run/origin/modelCard.ts'
export { compareModels } from './compare.ts'
export { trainedBy } from './origin.ts'
export { probeDevice } from './device.ts'
export { sizesAsGguf, writeAsGguf } from './gguf.ts'
export { measurableOf } from './measurable.ts'
export { planText } from './planText.ts'
export { planPublish, publish } from './publish.ts'
export { pullModel } from './pull.ts'
