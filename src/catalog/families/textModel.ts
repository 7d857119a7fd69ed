// Models that contain a text model beside a vision tower: config.json has the text model's part under text_config, and the
// names of its tensors have a longer prefix.
import { FamilyError } from './familyError.ts'
import type { ConfigJson } from './settings.ts'
import { fieldsOf, isRecord } from '../formats/json.ts'

/** Prefixes of the text model's tensors: before its base model's names, and before its head's. */
export interface TextNames {
  readonly prefix: string
  readonly headPrefix: string
}

/** The text model's `model_type` by that of the whole, where text_config does not say. */
const wholes: Readonly<Record<string, string>> = { gemma3: 'gemma3_text', mistral3: 'mistral' }

/** Prefixes in released files, and prefixes that newer versions of transformers write. */
const textNames: readonly TextNames[] = [
  { prefix: 'language_model.model.', headPrefix: 'language_model.' },
  { prefix: 'model.language_model.', headPrefix: '' },
]

/** Whether a tensor's name shows that the text model is part of a larger model. */
export function isOfWhole(tensor: string): boolean {
  return textNames.some(({ prefix }) => tensor.startsWith(prefix))
}

export interface TextModel {
  /** The configuration as the config.json of a text model alone would have it. */
  readonly config: unknown
  /** null where the checkpoint is a text model alone. */
  readonly names: readonly TextNames[] | null
}

/** @throws FamilyError where the text model's part is missing. */
export function textModelOf(config: unknown): TextModel {
  const whole = fieldsOf(config)
  const modelType = whole['model_type']
  if (typeof modelType !== 'string' || !Object.hasOwn(wholes, modelType)) return { config, names: null }
  const text = whole['text_config']
  if (!isRecord(text)) throw new FamilyError('bad-config', `text_config is missing; it must be an object`)
  return { config: { model_type: wholes[modelType], ...text, ...fromWhole(whole) }, names: textNames }
}

/** Keys of the whole that hold for its text model too. */
function fromWhole(whole: ConfigJson): ConfigJson {
  const keys = ['tie_word_embeddings', 'quantization_config', 'eos_token_id'] as const
  return Object.fromEntries(keys.filter((key) => key in whole).map((key) => [key, whole[key]]))
}
