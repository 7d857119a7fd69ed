// What a GGUF file of a model will hold, decided before its first byte is written.
import { basename } from 'node:path'
import { ggmlType, type GgmlType } from '../../shared/format/gguf/ggmlTypes.ts'
import type { GgufValue } from '../../shared/format/gguf/encodeGguf.ts'
import { ggufTypes, type GgufTypeName } from '../../shared/format/gguf/ggufTypes.ts'
import { ggufFamilies, type GgufFamily } from '../../shared/families/gguf/ggufFamilies.ts'
import { fullRope, ggufKeys, ropeFactors } from '../../shared/families/gguf/ggufKeys.ts'
import { ggufMismatch } from '../../shared/families/gguf/ggufMismatch.ts'
import { ggufTensors, type GgufTensor } from '../../shared/families/gguf/ggufTensors.ts'
import { andList } from '../../shared/format/lists.ts'
import { EngineError } from '../errors.ts'
import type { Model } from '../model/model.ts'
import type { OutputType } from './encodeWeights.ts'

/** llama.cpp's numbers of what most tensors are (LLAMA_FTYPE). */
const fileTypes: Record<OutputType, number> = { F32: 0, F16: 1, Q8_0: 7, BF16: 32 }
const typeIds: Record<OutputType, number> = { F32: 0, F16: 1, Q8_0: 8, BF16: 30 }

export interface PlannedTensor extends Omit<GgufTensor, 'from' | 'whole'> {
  /** Name in the checkpoint, or the numbers themselves. */
  readonly from: string | readonly number[]
  readonly as: OutputType
  readonly type: GgmlType
}

export interface GgufPlan {
  /** The type of the matrices where none is asked for. */
  readonly own: GgufTypeName
  readonly keys: Map<string, GgufValue>
  readonly tensors: readonly PlannedTensor[]
  /** A sentence each. */
  readonly warnings: readonly string[]
}

/** `given` is of matrices; norms, biases and positions are F32. @throws EngineError 'unsupported' for a model that llama.cpp does not have, or would compute otherwise. */
export function planGguf({ config, checkpoint }: Model, given?: GgufTypeName): GgufPlan {
  const family = familyOf(config.family.modelType, config.family.title)
  const problem = ggufMismatch(config, family)
  if (problem !== null)
    throw new EngineError(
      'unsupported',
      `${checkpoint.folder} has ${problem}, which llama.cpp does not compute for ${family.architecture}: a GGUF file of it would give other results`,
    )
  const tensors = ggufTensors(config, family)
  if (typeof tensors === 'string')
    throw new EngineError(
      'unsupported',
      `${checkpoint.folder}: llama.cpp has no place for ${tensors} in ${family.architecture}`,
    )
  const own = typeOf(checkpoint.tensors.get(tensors[0].from)?.dtype)
  const as = ggufTypes[given ?? own]
  const keys = ggufKeys(config, family)
  keys.set('general.type', { type: 'string', value: 'model' })
  keys.set('general.name', { type: 'string', value: basename(checkpoint.folder) })
  keys.set('general.file_type', { type: 'u32', value: fileTypes[as] })
  keys.set('general.quantization_version', { type: 'u32', value: 2 })
  const factors = [...ropeFactors(config)].map(([name, numbers]): PlannedTensor => ({
    ...{ name, from: numbers, shape: [numbers.length], transposed: false, order: null, plus: 0 },
    ...typed('F32'),
  }))
  const planned = tensors.map(({ whole, ...tensor }): PlannedTensor => ({
    ...tensor,
    ...typed(whole ? 'F32' : fitting(as, tensor.shape)),
  }))
  return { own, keys, tensors: [...factors, ...planned], warnings: warningsOf(config, family) }
}

function typed(as: OutputType): Pick<PlannedTensor, 'as' | 'type'> {
  const type = ggmlType(typeIds[as])
  if (!type) throw new EngineError('internal', `no type ${as}`)
  return { as, type }
}

/** Rows that are no whole blocks are F16, as llama.cpp's converter makes them. */
function fitting(as: OutputType, shape: readonly number[]): OutputType {
  return as === 'Q8_0' && (shape.at(-1) ?? 1) % 32 !== 0 ? 'F16' : as
}

function typeOf(dtype: string | undefined): GgufTypeName {
  if (dtype === 'BF16') return 'bf16'
  return dtype === 'F16' ? 'f16' : 'f32'
}

function familyOf(modelType: string, title: string): GgufFamily {
  const family = Object.hasOwn(ggufFamilies, modelType) ? ggufFamilies[modelType] : undefined
  if (family) return family
  throw new EngineError(
    'unsupported',
    `no GGUF file is made of ${title} models (${modelType}): of those that llama.cpp has, ${andList(Object.keys(ggufFamilies))} are written`,
  )
}

function warningsOf(config: Model['config'], { window, architecture }: GgufFamily): string[] {
  const size = config.windows.find((one) => one > 0)
  const scaling = fullRope(config)?.scaling
  return [
    ...(window === 'ignored' && size !== undefined
      ? [
          `llama.cpp has no sliding window for ${architecture}: texts of more than ${size} tokens give other results there`,
        ]
      : []),
    // It looks at the context that it is opened with, transformers at the text (llama_model::get_rope_factors).
    ...(scaling?.type === 'longrope'
      ? [
          `llama.cpp rotates every text as a long one where its context is larger than ${scaling.originalPositions} tokens: open the file with no more (-c ${scaling.originalPositions}) for shorter texts`,
        ]
      : []),
  ]
}
