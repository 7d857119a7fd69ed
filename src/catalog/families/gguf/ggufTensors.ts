// A model's parameters as llama.cpp stores them: their names, the order of their rows, and the constant that is added.
import type { ModelConfig } from '../modelConfig.ts'
import { modelParameters, type Parameter } from '../parameters.ts'
import type { GgufFamily } from './ggufFamilies.ts'
import { ggufName } from './ggufNames.ts'

export interface GgufTensor {
  readonly name: string
  /** Name in the checkpoint. */
  readonly from: string
  /** As GGUF has it: [O, I] for linears. */
  readonly shape: readonly number[]
  /** The checkpoint has it as [I, O]. */
  readonly transposed: boolean
  /** Row i is row `order(i)` of the checkpoint; null: the order stays. */
  readonly order: ((row: number) => number) | null
  /** Added to each number. For Gemma's norms it is 1, since checkpoints store weight − 1. */
  readonly plus: number
  /** Stored as F32 in every file: tensors that are not matrices, and tables of positions. */
  readonly whole: boolean
}

/** Tensors in model order, or the name of a parameter for which llama.cpp has no tensor. */
export function ggufTensors(config: ModelConfig, family: GgufFamily): GgufTensor[] | string {
  const tensors: GgufTensor[] = []
  for (const parameter of modelParameters(config)) {
    const name = ggufName(parameter)
    if (name === null || parameter.expert !== null) return parameter.name
    const { shape, transposed, slot, kind } = parameter
    tensors.push({
      name,
      from: parameter.name,
      shape,
      transposed,
      order: orderOf(config, family, parameter),
      plus: kind === 'norm' ? config.norm.unitOffset : 0,
      whole: shape.length < 2 || slot === 'embed.position',
    })
  }
  const [embedding] = tensors
  return config.tied && family.ownHead ? [...tensors, { ...embedding, name: 'output.weight' }] : tensors
}

function orderOf(config: ModelConfig, family: GgufFamily, { slot }: Parameter): GgufTensor['order'] {
  const { headDim, numHeads, projection } = config
  if (slot === 'attn.qkv' && projection === 'fusedPerHead') return stacked(numHeads, headDim)
  if (family.interleaved && (slot === 'attn.q' || slot === 'attn.k')) return interleaved(headDim)
  return null
}

/** Within a head, rows 0, d/2, 1, d/2 + 1, …: channels that are rotated together become neighbours. */
function interleaved(headDim: number): (row: number) => number {
  return (row) => {
    const within = row % headDim
    return row - within + (within >> 1) + (within & 1) * (headDim / 2)
  }
}

/** Rows q, k, v of each head become the rows of all q, then of all k, then of all v. */
function stacked(numHeads: number, headDim: number): (row: number) => number {
  return (row) => {
    const [part, rest] = [Math.floor(row / (numHeads * headDim)), row % (numHeads * headDim)]
    const [head, within] = [Math.floor(rest / headDim), rest % headDim]
    return (3 * head + part) * headDim + within
  }
}
