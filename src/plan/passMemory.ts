// Memory of a pass beside the weights, and how a pass spends its budget: blocks that stay on the device, activations that are kept.
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
  // Where a branch's output is normed or scaled, its gradient is a separate tensor.
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

/** Rows of the vocabulary in a chunk of the head's products. */
export const vocabularyChunk = 8192
/** Most bytes of the logits (with the dense model's, where they are compared) of one tile of tokens, which stay in memory from the loss to the gradient. */
const tileBytes = 128 * 2 ** 20
const mostTileRows = 512
/** Tiles begin at multiples of this many rows: 256 bytes of a vector of rows, the offset that GPU bindings require. */
const tileStep = 64

/** Tokens that go through the head at once. `models`: 2 where the dense model's logits are kept too. */
export function headTileRows(vocabSize: number, keepsLogits: boolean, models = 1): number {
  if (!keepsLogits) return mostTileRows
  const fit = Math.floor(tileBytes / (f32 * vocabSize * models) / tileStep) * tileStep
  return Math.max(tileStep, Math.min(mostTileRows, fit))
}

/** Bytes that the head takes beside its weights: normed states, their gradient, logits of a tile or of its chunk. */
export function headScratchBytes(config: ModelConfig, numRows: number, training: boolean): number {
  const { hiddenSize, vocabSize, logitsCap } = config
  // Capped logits take two more tensors: the input of the tanh and, for a moment, its output.
  const width = (training ? vocabSize : Math.min(vocabSize, vocabularyChunk)) * (logitsCap > 0 ? 3 : 1)
  return f32 * (2 * numRows * hiddenSize + Math.min(numRows, headTileRows(vocabSize, training)) * width)
}

export interface PassSizes {
  readonly numBlocks: number
  /** Bytes of tables, norms and head, which are always on the device. */
  readonly endsBytes: number
  /** Bytes of the largest block on the device. */
  readonly blockBytes: number
  /** Bytes of the largest block on the host while it is read ahead. */
  readonly readBytes: number
  /** Bytes of the hidden states between two blocks; a training pass keeps all block inputs. */
  readonly hiddenBytes: number
  /** Bytes that a saving forward of one block leaves. */
  readonly savedBytes: number
  /** Bytes of the largest scratch: a block's backward, or the head's tile. */
  readonly scratchBytes: number
}

export interface Residency {
  /** Blocks 0 … n − 1 stay on the device; the others are read for each pass. */
  readonly residentBlocks: number
  /** Number of blocks, counted from the last, that keep their activations; the others run forward again in the backward. */
  readonly keptBlocks: number
}

/**
 * Resident blocks come first: reading a block again costs more than computing it again. A budget that is too small for
 * one block is exceeded by that block, and costs speed.
 */
export function planResidency(memoryBytes: number, sizes: PassSizes, training: boolean): Residency {
  const { numBlocks, blockBytes, savedBytes } = sizes
  const hidden = training ? sizes.hiddenBytes * (numBlocks + 1) : 2 * sizes.hiddenBytes
  const rest = memoryBytes - sizes.endsBytes - sizes.scratchBytes - hidden - savedBytes
  const share = (bytes: number, each: number) => Math.max(0, Math.min(numBlocks, Math.floor(bytes / Math.max(1, each))))
  if (rest < numBlocks * blockBytes) {
    const streaming = blockBytes + sizes.readBytes
    return { residentBlocks: Math.min(numBlocks - 1, share(rest - streaming, blockBytes)), keptBlocks: 0 }
  }
  return { residentBlocks: numBlocks, keptBlocks: training ? share(rest - numBlocks * blockBytes, savedBytes) : 0 }
}
