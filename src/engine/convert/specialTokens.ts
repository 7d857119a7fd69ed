// Special tokens, whether text begins and ends with one, and the chat template, from the files beside a tokenizer.json.
import { join } from 'node:path'
import type { GgufValue } from '../../catalog/formats/gguf/encodeGguf.ts'
import { fieldsOf } from '../../catalog/formats/json.ts'
import { jsonObject, readIfThere } from '../checkpoint/regularFile.ts'
import { readChatTemplate, tokenText } from '../text/chatTemplate.ts'

type Part = Readonly<Record<string, unknown>>

const maxBytes = 16 * 2 ** 20

/** Key of an id, and the names of the token in tokenizer_config.json and of its id in config.json. */
const kinds = [
  ['tokenizer.ggml.bos_token_id', 'bos_token', 'bos_token_id'],
  ['tokenizer.ggml.eos_token_id', 'eos_token', 'eos_token_id'],
  ['tokenizer.ggml.unknown_token_id', 'unk_token', null],
  ['tokenizer.ggml.padding_token_id', 'pad_token', 'pad_token_id'],
] as const

/** `ids`: ids of all tokens; `config`: config.json. As in our own tokenising, tokenizer.json's post-processor says what is added. */
export async function specialKeys(
  folder: string,
  definition: Part,
  ids: ReadonlyMap<string, number>,
  config: unknown,
): Promise<[string, GgufValue][]> {
  const path = join(folder, 'tokenizer_config.json')
  const text = await readIfThere(path, maxBytes, 'bad-config')
  const settings = text === null ? {} : jsonObject(text, path)
  const { first, last } = addedAround(definition)
  const keys: [string, GgufValue][] = []
  for (const [key, name, idName] of kinds) {
    const around = name === 'bos_token' ? first : name === 'eos_token' ? last : null
    const id = idOf(around ?? settings[name], ids) ?? firstId(idName && fieldsOf(config)[idName])
    if (id !== null) keys.push([key, { type: 'u32', value: id }])
  }
  keys.push(['tokenizer.ggml.add_bos_token', { type: 'bool', value: first !== null }])
  keys.push(['tokenizer.ggml.add_eos_token', { type: 'bool', value: last !== null }])
  const template = await readChatTemplate(folder)
  return template === null ? keys : [...keys, ['tokenizer.chat_template', { type: 'string', value: template.text }]]
}

/** Special tokens that the post-processor puts before and after a text. */
function addedAround({ post_processor: processor }: Part): { first: string | null; last: string | null } {
  const { type, processors, single } = fieldsOf(processor)
  if (type === 'Sequence' && Array.isArray(processors)) {
    const all = processors.map((one) => addedAround({ post_processor: one }))
    return { first: all.find((one) => one.first)?.first ?? null, last: all.find((one) => one.last)?.last ?? null }
  }
  if (type !== 'TemplateProcessing' || !Array.isArray(single)) return { first: null, last: null }
  const nameOf = (piece: unknown) => {
    const { id } = fieldsOf(fieldsOf(piece).SpecialToken)
    return typeof id === 'string' ? id : null
  }
  return { first: nameOf(single.at(0)), last: nameOf(single.at(-1)) }
}

function idOf(token: unknown, ids: ReadonlyMap<string, number>): number | null {
  const text = tokenText(token)
  return text === null ? null : (ids.get(text) ?? null)
}

function firstId(value: unknown): number | null {
  const [id] = [value].flat()
  return typeof id === 'number' && Number.isInteger(id) && id >= 0 ? id : null
}
