// What a pass needs in memory beside weights: the numbers behind residency, recomputation and the memory estimate.
import type { ModelConfig } from '../families/modelConfig.ts'

const f32 = 4

/** Hidden states of `numRows` tokens between two blocks. */
export function hiddenBytes(config: ModelConfig, numRows: number): number {
  return f32 * numRows * config.hiddenSize
}

/** What a saving forward of one block leaves in the step's arena, its output included. */
export function savedBytes(config: ModelConfig, numRows: number): number {
  const { hiddenSize, numHeads, numKvHeads, headDim, qkNorm } = config
  const [queries, keys] = [numHeads * headDim, numKvHeads * headDim]
  const heads = 2 * queries + 2 * keys + numHeads + (qkNorm === 'none' ? 0 : queries + keys)
  // Both norms' outputs, the stream between the branches, a branch, the output; means and rstds.
  const stream = 5 * hiddenSize + 4
  return f32 * numRows * (stream + heads + mlpFloats(config))
}

/** What a backward of one block takes for its own, at most. */
export function backwardScratchBytes(config: ModelConfig, numRows: number): number {
  const { hiddenSize, numHeads, numKvHeads, headDim, intermediateSize } = config
  const heads = 2 * (numHeads + 2 * numKvHeads) * headDim
  return f32 * numRows * (4 * hiddenSize + Math.max(heads, 4 * intermediateSize))
}

/** Floats that the MLP leaves per token. */
function mlpFloats({ mlp, hiddenSize, intermediateSize, experts }: ModelConfig): number {
  switch (mlp) {
    case 'dense':
      return 2 * intermediateSize
    case 'gated':
    case 'gatedFused':
      return 3 * intermediateSize
    case 'moe':
      return (experts?.topK ?? 1) * (3 * intermediateSize + 2 * hiddenSize)
  }
}
