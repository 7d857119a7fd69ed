// The work of passes of tokens through the blocks and the head of a model, kernel by kernel as `engine/model` runs them.
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import { linearsOfBlock, tokenShare } from '../catalog/families/parameters.ts'
import { residualNorms } from '../catalog/families/residual.ts'
import { productWork, sized, sumOf, timesWork, type Work } from '../catalog/methods/work.ts'
import type { PlannedPrecision } from './plannedPrecision.ts'

/** Tokens that go through in sequences of `seqLen`. */
export interface Tokens {
  readonly tokens: number
  readonly seqLen: number
}

/** What is trained of the weights of a block's linears. */
export interface TrainedWeights {
  /** Share of them of which the whole gradient is formed, for themselves or for an adapter. */
  readonly whole: number
  /** Share under an adapter that is formed without it, and its rank. */
  readonly lowRank: number
  readonly rank: number
}

export interface PassWork {
  /** Forward through all blocks. */
  forward(tokens: Tokens): Work
  /** The gradients of all blocks. `first`: of units of one block each, whose inputs need none unless a norm trains. */
  backward(tokens: Tokens, trained: TrainedWeights, first: 'needsInput' | 'needsNone'): Work
  /** Logits, and their loss. */
  head(tokens: number): Work
  /** Gradient of the loss to the head's input. */
  headBackward(tokens: number): Work
  /** Logits of another model, and what the loss compares of both. */
  headBeside(tokens: number): Work
}

/** Sizes of a block as one token meets them. */
interface Sizes {
  /** Rows, columns and share of the tokens of each linear, those that read the block's input first. */
  readonly linears: readonly { rows: number; columns: number; share: number; readsInput: boolean }[]
  readonly queries: number
  readonly keys: number
  readonly hidden: number
  /** Inner width of the MLP, of all experts that a token goes to together. */
  readonly inner: number
}

/** A block in the middle stands for all: blocks differ in their windows at most, whose mean is taken. */
export function passWork(config: ModelConfig, precision: PlannedPrecision): PassWork {
  const sizes = sizesOf(config)
  const perBlock = (work: Work) => timesWork(config.numBlocks, work)
  return {
    forward: (tokens) => perBlock(forwardOf(config, sizes, precision, tokens)),
    backward: (tokens, trained, first) => perBlock(backwardOf(config, sizes, precision, tokens, trained, first)),
    head: (tokens) => headOf(config, precision, tokens, { loss: 1 }),
    headBackward: (tokens) =>
      headOf(config, precision, tokens, { loss: 1, move: precision === 'bf16' ? 1 : 0 }, 'normBack'),
    headBeside: (tokens) => headOf(config, precision, tokens, { divergence: 2, loss: -1 }),
  }
}

function sizesOf(config: ModelConfig): Sizes {
  const { numHeads, numKvHeads, headDim, hiddenSize, intermediateSize, experts } = config
  const linears = linearsOfBlock(config, config.numBlocks >> 1).map(({ slot, shape: [rows, columns], expert }) => ({
    ...{
      rows,
      columns,
      share: tokenShare(config, expert),
      readsInput: slot.startsWith('attn.') && slot !== 'attn.out',
    },
  }))
  return {
    linears,
    queries: numHeads * headDim,
    keys: numKvHeads * headDim,
    hidden: hiddenSize,
    inner: experts ? experts.topK * intermediateSize + experts.sharedSize : intermediateSize,
  }
}

function forwardOf(config: ModelConfig, sizes: Sizes, precision: PlannedPrecision, asked: Tokens): Work {
  const { tokens } = asked
  const { queries, keys, hidden, inner, linears } = sizes
  const rotated = config.position.kind === 'rope' ? queries + keys : 0
  const gates = config.mlp === 'gatedFused' ? 2 * inner : 0
  const fused = config.projection === 'separate' ? 0 : queries + 2 * keys
  // In bf16 the inputs of the linears and of attention are rounded.
  const rounded = precision === 'bf16' ? 2 * hidden + 2 * queries + 2 * keys + inner : 0
  return sumOf([
    ...linears.map(({ rows, columns, share }) => productWork(precision, share * tokens, rows, columns)),
    attentionWork('attention', config, precision, asked, 4),
    { move: tokens * (2 * hidden + rotated + gates + fused + rounded) },
    { norm: tokens * normed(config, sizes), activation: tokens * inner },
  ])
}

function backwardOf(
  config: ModelConfig,
  sizes: Sizes,
  precision: PlannedPrecision,
  asked: Tokens,
  { whole, lowRank, rank }: TrainedWeights,
  first: 'needsInput' | 'needsNone',
): Work {
  const { tokens } = asked
  const { queries, keys, hidden, inner, linears } = sizes
  const rotated = config.position.kind === 'rope' ? queries + keys : 0
  const gated = config.mlp !== 'dense'
  const gates = config.mlp === 'gatedFused' ? 2 * inner : 0
  const fused = config.projection === 'separate' ? 0 : queries + 2 * keys
  const rounded = precision === 'bf16' ? 2 * hidden + 2 * queries + 2 * keys + (gated ? 2 : 1) * inner : 0
  const products = linears.map(({ rows, columns, share, readsInput }) => {
    const one = productWork(precision, share * tokens, rows, columns)
    const low = productWork(precision, 2 * share * tokens, rank, rows + columns)
    const toInput = first === 'needsNone' && readsInput ? 0 : 1
    return sumOf([timesWork(toInput + whole, one), timesWork(lowRank, low)])
  })
  // Without a norm that trains the gradient ends before the first norm of a unit.
  const left = first === 'needsNone' && residualNorms[config.residual].attn.input ? hidden : 0
  return sumOf([
    ...products,
    attentionWork('attentionBack', config, precision, asked, 10),
    { move: tokens * (2 * hidden + rotated + gates + fused + rounded) },
    { normBack: tokens * (normed(config, sizes) - left), activationBack: tokens * inner },
  ])
}

/** Elements of a token that pass through norms. */
function normed({ residual, qkNorm }: ModelConfig, { hidden, queries, keys }: Sizes): number {
  const { attn, mlp } = residualNorms[residual]
  const count = [attn, mlp].flatMap(({ input, output, sum }) => [input, output, sum]).filter(Boolean).length
  return count * hidden + (qkNorm === 'none' ? 0 : queries + keys)
}

/** `operations` for each query, each key that its tile meets, and each channel. */
function attentionWork(
  name: 'attention' | 'attentionBack',
  config: ModelConfig,
  precision: PlannedPrecision,
  { tokens, seqLen }: Tokens,
  operations: number,
): Work {
  const { windows, numHeads, headDim, numBlocks } = config
  const met = windows.reduce((sum, window) => sum + keysMet(seqLen, window), 0) / numBlocks
  return sized(`${name} ${precision}`, operations * tokens * met * numHeads * headDim, seqLen * headDim)
}

/** Keys that a query meets on average: those before its tile of queries, and the tile. */
function keysMet(seqLen: number, window: number): number {
  const tile = Math.max(8, Math.min(64, seqLen, Math.floor(2 ** 17 / seqLen)))
  const causal = (seqLen + tile) / 2
  if (window === 0 || window >= seqLen) return causal
  // The first queries see what there is.
  return Math.min(causal, window + tile / 2 - window ** 2 / (2 * seqLen))
}

/** The final norm, a product of the head, and `passes` over its logits. */
function headOf(
  { vocabSize, embedSize, hiddenSize, finalNorm }: ModelConfig,
  precision: PlannedPrecision,
  tokens: number,
  passes: Work,
  norm: 'norm' | 'normBack' = 'norm',
): Work {
  return sumOf([
    productWork(precision, tokens, vocabSize, embedSize),
    timesWork(tokens * vocabSize, passes),
    finalNorm ? { [norm]: tokens * hiddenSize } : {},
  ])
}
