// Memory of a pass beside weights: the numbers behind residency, recomputation and the memory estimate.
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import { residualNorms } from '../catalog/families/residual.ts'

const f32 = 4

/** Hidden states of `numRows` tokens between two blocks. */
export function hiddenBytes(config: ModelConfig, numRows: number): number {
  return f32 * numRows * config.hiddenSize
}

/** Bytes that a saving forward of one block leaves in the step's arena, its output included. */
export function savedBytes(config: ModelConfig, numRows: number): number {
  const { hiddenSize, numHeads, numKvHeads, headDim, qkNorm, residual } = config
  const [queries, keys] = [numHeads * headDim, numKvHeads * headDim]
  const heads = 2 * queries + 2 * keys + numHeads + (qkNorm === 'none' ? 0 : queries + keys)
  const { input, output } = residualNorms[residual].mlp
  // Inputs and outputs of norms, the stream between the branches, a branch, the block's output; means and rstds.
  const stream = (input && output ? 7 : 5) * hiddenSize + 8
  return f32 * numRows * (stream + heads + mlpFloats(config))
}

/** Scratch bytes of a backward of one block, at most. */
export function backwardScratchBytes(config: ModelConfig, numRows: number): number {
  const { hiddenSize, numHeads, numKvHeads, headDim, residual, residualScale, experts } = config
  const intermediateSize = Math.max(config.intermediateSize, experts?.sharedSize ?? 0)
  const heads = 2 * (numHeads + 2 * numKvHeads) * headDim
  // The branch's gradient is one of its own where its output is normed or scaled.
  const stream = 4 + Number(residualNorms[residual].mlp.output !== null) + Number(residualScale !== 1)
  return f32 * numRows * (stream * hiddenSize + Math.max(heads, 4 * intermediateSize))
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
      return (
        (experts?.topK ?? 1) * (3 * intermediateSize + 2 * hiddenSize) +
        (experts?.sharedSize ? 3 * experts.sharedSize + 2 * hiddenSize : 0)
      )
  }
}
