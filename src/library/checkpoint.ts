// `import … from 'sparsescope/checkpoint'`: the reader of checkpoints for files that the caller has. It also runs in a browser.
export { openFiles, type ByteRanges, type GivenFiles } from '../engine/checkpoint/openFiles.ts'
export type { Checkpoint, CheckpointFile, TensorEntry } from '../engine/checkpoint/createCheckpoint.ts'
export { readF32Tensor } from '../engine/checkpoint/createCheckpoint.ts'
export { EngineError, type ErrorCode } from '../errors.ts'
