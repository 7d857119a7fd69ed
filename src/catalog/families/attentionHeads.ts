// Maps rows or columns of an attention projection to its heads.
import { readModelConfig, type ModelConfig } from './modelConfig.ts'
import { blockLinears, type BlockLinear } from './parameters.ts'

export interface HeadSpan {
  /** "head 3", or "k 3" where projections are fused: the number of the head. */
  readonly label: string
  readonly start: number
  readonly end: number
}

export interface HeadSpans {
  /** Dimension of the stored matrix along which the heads follow each other. */
  readonly along: 'rows' | 'columns'
  readonly spans: readonly HeadSpan[]
}

/** Null if `tensor` is not an attention projection, or the family is unknown. Never throws. */
export function headSpans(config: unknown, names: { has(name: string): boolean }, tensor: string): HeadSpans | null {
  let model: ModelConfig
  try {
    model = readModelConfig(config, names)
  } catch {
    return null
  }
  const linear = blockLinears(model).find(({ name }) => `${name}.weight` === tensor)
  const spans = linear && spansOf(model, linear)
  if (!linear || !spans) return null
  // Heads are along the outputs of q, k and v, and along the inputs of the output projection.
  const byOutput = linear.slot !== 'attn.out'
  return { along: byOutput === linear.transposed ? 'columns' : 'rows', spans }
}

function spansOf({ numHeads, numKvHeads, headDim, projection }: ModelConfig, { slot }: BlockLinear): HeadSpan[] | null {
  const run = (label: string, heads: number, from: number, size = headDim): HeadSpan[] =>
    Array.from({ length: heads }, (_, h) => ({
      label: `${label} ${h}`,
      start: from + h * size,
      end: from + (h + 1) * size,
    }))
  switch (slot) {
    case 'attn.q':
    case 'attn.out':
      return run('head', numHeads, 0)
    case 'attn.k':
    case 'attn.v':
      return run('head', numKvHeads, 0)
    case 'attn.qkv': {
      if (projection === 'fusedPerHead') return run('head', numHeads, 0, 3 * headDim)
      const [queries, keys] = [numHeads * headDim, numKvHeads * headDim]
      return [...run('q', numHeads, 0), ...run('k', numKvHeads, queries), ...run('v', numKvHeads, queries + keys)]
    }
    default:
      return null
  }
}
