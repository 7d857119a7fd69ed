// What a GGUF file of a model holds, or why it cannot be written: known before anything is computed.
import { ggmlType, type GgmlType, type GgufTypeName, ggufTypes, type OutputType } from '../../formats/gguf/ggmlTypes.ts'
import { andList } from '../../../formatting/lists.ts'
import type { ModelConfig } from '../modelConfig.ts'
import { ggufFamilies, type GgufFamily } from './ggufFamilies.ts'
import { fullRope } from './ggufKeys.ts'
import { ggufMismatch } from './ggufMismatch.ts'
import { ggufTensors, type GgufTensor } from './ggufTensors.ts'

const typeIds: Record<OutputType, number> = { F32: 0, F16: 1, Q8_0: 8, BF16: 30 }

export interface TypedTensor extends Omit<GgufTensor, 'whole'> {
  readonly as: OutputType
  readonly type: GgmlType
}

export interface GgufContents {
  readonly family: GgufFamily
  /** The default type of the matrices, and the type that they get. */
  readonly own: GgufTypeName
  readonly as: OutputType
  readonly tensors: readonly TypedTensor[]
  /** A sentence each. */
  readonly warnings: readonly string[]
}

/**
 * `dtypeOf`: the type that a tensor is stored in. Matrices get the type of the embeddings unless another is `given`. If llama.cpp lacks
 * this model or would compute something else, returns a sentence that says why instead.
 */
export function ggufContents(
  config: ModelConfig,
  dtypeOf: (name: string) => string | undefined,
  given?: GgufTypeName,
): GgufContents | string {
  const { modelType, title } = config.family
  const family = Object.hasOwn(ggufFamilies, modelType) ? ggufFamilies[modelType] : undefined
  if (!family)
    return `no GGUF file is made of ${title} models (${modelType}): of those that llama.cpp has, ${andList(Object.keys(ggufFamilies))} are written`
  const problem = ggufMismatch(config, family)
  if (problem !== null)
    return `this model has ${problem}, which llama.cpp does not compute for ${family.architecture}: a GGUF file of it would give other results`
  const tensors = ggufTensors(config, family)
  if (typeof tensors === 'string') return `llama.cpp has no place for ${tensors} in ${family.architecture}`
  const own = typeOf(dtypeOf(tensors[0].from))
  const as = ggufTypes[given ?? own]
  const all = tensors.map(({ whole, ...tensor }): TypedTensor => ({
    ...tensor,
    ...typed(whole ? 'F32' : fitting(as, tensor.shape)),
  }))
  return { family, own, as, tensors: all, warnings: warningsOf(config, family) }
}

export function typed(as: OutputType): Pick<TypedTensor, 'as' | 'type'> {
  const type = ggmlType(typeIds[as])
  if (!type) throw new Error(`internal: no type ${as}`)
  return { as, type }
}

/** Matrices whose rows are not a whole number of blocks become F16, as in llama.cpp's converter. */
function fitting(as: OutputType, shape: readonly number[]): OutputType {
  return as === 'Q8_0' && (shape.at(-1) ?? 1) % 32 !== 0 ? 'F16' : as
}

function typeOf(dtype: string | undefined): GgufTypeName {
  if (dtype === 'BF16') return 'bf16'
  return dtype === 'F16' ? 'f16' : 'f32'
}

function warningsOf(config: ModelConfig, { window, architecture }: GgufFamily): string[] {
  const size = config.windows.find((one) => one > 0)
  const scaling = fullRope(config)?.scaling
  return [
    ...(window === 'ignored' && size !== undefined
      ? [
          `llama.cpp has no sliding window for ${architecture}: texts of more than ${size} tokens give other results there`,
        ]
      : []),
    // llama.cpp chooses by the size of its context (llama_model::get_rope_factors), transformers by the length of the text.
    ...(scaling?.type === 'longrope'
      ? [
          `with a context of more than ${scaling.originalPositions} tokens, llama.cpp rotates every text as a long one: for shorter texts, open the file with -c ${scaling.originalPositions}`,
        ]
      : []),
  ]
}
