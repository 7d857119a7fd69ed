// Compares what a model computes with what llama.cpp would compute from its GGUF file.
import type { ModelConfig } from '../modelConfig.ts'
import type { GgufFamily } from './ggufFamilies.ts'

const parts = { qkv: 'q, k and v', out: "attention's output", mlp: 'the MLP' } as const

/** Why llama.cpp would compute something else than this model; null where it would not. */
export function ggufMismatch(config: ModelConfig, family: GgufFamily): string | null {
  const { activation, bias, tied, position, scoreCap, logitsCap, embedScale, hiddenSize } = config
  if (!family.activations.includes(activation)) return `the activation ${activation}`
  const missing = family.without.find((part) => bias[part])
  if (missing) return `biases of ${parts[missing]}`
  const needed = family.needs.find((part) => !bias[part])
  if (needed) return `no biases of ${parts[needed]}`
  if (tied && config.bias.head) return 'a tied head with a bias'
  const caps = scoreCap > 0 && logitsCap > 0 ? 'both' : scoreCap > 0 || logitsCap > 0 ? 'one' : 'none'
  if (caps !== family.caps)
    return family.caps === 'both' ? 'scores or logits without a cap' : 'caps of scores or logits'
  if (
    family.scalesEmbedding !== (embedScale !== 1) ||
    (embedScale !== 1 && embedScale !== Math.fround(Math.sqrt(hiddenSize)))
  )
    return `embeddings that are multiplied by ${embedScale}`
  if (config.residualScale !== 1 || config.logitsScale !== 1) return 'branches or logits that are scaled'
  if (position.kind === 'learned' && position.offset !== 0) return 'positions that begin later'
  return scalesMismatch(config, family) ?? ropeMismatch(config, family) ?? windowMismatch(config, family)
}

function scalesMismatch(config: ModelConfig, { blocksOfWideScale }: GgufFamily): string | null {
  const { attentionScales, headDim, hiddenSize, numHeads, numBlocks } = config
  const divisor = numBlocks === blocksOfWideScale ? hiddenSize / numHeads : headDim
  const odd = attentionScales.find((scale) => Math.abs(scale * Math.sqrt(divisor) - 1) > 1e-6)
  return odd === undefined ? null : `scores that are multiplied by ${odd}, not by 1/√${divisor}`
}

function ropeMismatch({ position }: ModelConfig, { ropeScaling, window }: GgufFamily): string | null {
  if (position.kind === 'learned') return null
  const [first] = position.byBlock
  for (const rope of position.byBlock) {
    if (!rope) return 'blocks without rotary positions'
    const { type } = rope.scaling
    if (!ropeScaling.includes(type)) return `rotary positions of the type ${type}`
    if (rope.scaling.type === 'yarn') {
      const { factor, attentionFactor, truncate } = rope.scaling
      if (!truncate || Math.abs(attentionFactor - (0.1 * Math.log(factor) + 1)) > 1e-6)
        return 'a yarn with an attention factor of its own'
    }
    if (window === 'ignored' && rope.theta !== first?.theta) return 'blocks with different rotary thetas'
  }
  return null
}

function windowMismatch({ windows }: ModelConfig, { window }: GgufFamily): string | null {
  if (window === 'ignored') return null
  const { every } = window
  const sizes = new Set(windows.filter((size) => size > 0))
  const fits = windows.every((size, block) => size > 0 === ((block + 1) % every !== 0))
  return sizes.size <= 1 && fits ? null : `sliding windows that are not in all blocks but each ${every}th`
}
