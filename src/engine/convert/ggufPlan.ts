// What a GGUF file of a model will hold, decided before its first byte is written.
import { basename } from 'node:path'
import type { GgufValue } from '../../catalog/formats/gguf/encodeGguf.ts'
import type { GgufTypeName, OutputType } from '../../catalog/formats/gguf/ggmlTypes.ts'
import { ggufContents, typed, type TypedTensor } from '../../catalog/families/gguf/ggufContents.ts'
import { ggufKeys, ropeFactors } from '../../catalog/families/gguf/ggufKeys.ts'
import { EngineError } from '../errors.ts'
import type { Model } from '../model/model.ts'

/** llama.cpp's numbers of what most tensors are (LLAMA_FTYPE). */
const fileTypes: Record<OutputType, number> = { F32: 0, F16: 1, Q8_0: 7, BF16: 32 }

export interface PlannedTensor extends Omit<TypedTensor, 'from'> {
  /** Name in the checkpoint, or the numbers themselves. */
  readonly from: string | readonly number[]
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
  const contents = ggufContents(config, (name) => checkpoint.tensors.get(name)?.dtype, given)
  if (typeof contents === 'string') throw new EngineError('unsupported', `${checkpoint.folder}: ${contents}`)
  const { family, own, as, tensors, warnings } = contents
  const keys = ggufKeys(config, family)
  keys.set('general.type', { type: 'string', value: 'model' })
  keys.set('general.name', { type: 'string', value: basename(checkpoint.folder) })
  keys.set('general.file_type', { type: 'u32', value: fileTypes[as] })
  keys.set('general.quantization_version', { type: 'u32', value: 2 })
  const factors = [...ropeFactors(config)].map(([name, numbers]): PlannedTensor => ({
    ...{ name, from: numbers, shape: [numbers.length], transposed: false, order: null, plus: 0 },
    ...typed('F32'),
  }))
  return { own, keys, tensors: [...factors, ...tensors], warnings }
}
