// A model's chat template as its folder has it: chat_template.jinja, or `chat_template` of tokenizer_config.json.
import { join } from 'node:path'
import { fieldsOf } from '../../catalog/formats/json.ts'
import { jsonObject, readIfThere } from '../checkpoint/regularFile.ts'
import { EngineError } from '../errors.ts'

/** A turn of a conversation. Templates also read other keys of it, such as `tool_calls`. */
export interface ChatMessage {
  readonly role: string
  readonly content?: unknown
}

export interface ChatTemplate {
  /** File that contains the template, for error messages. */
  readonly path: string
  readonly text: string
  /** Text of the special tokens by their names, such as `bos_token`. */
  readonly tokens: Readonly<Record<string, string>>
}

const maxConfigBytes = 16 * 2 ** 20
/** Bytes. Published templates have 20 kB at most. */
const maxTemplateBytes = 2 ** 20

/** null: the folder has no template. Of several named ones, `default` is used, as in transformers. @throws EngineError 'bad-config'. */
export async function readChatTemplate(folder: string): Promise<ChatTemplate | null> {
  const path = join(folder, 'tokenizer_config.json')
  const written = await readIfThere(path, maxConfigBytes, 'bad-config')
  const settings = written === null ? {} : jsonObject(written, path)
  const own = join(folder, 'chat_template.jinja')
  const inFile = await readIfThere(own, maxTemplateBytes, 'bad-config')
  const text = inFile ?? templateIn(settings.chat_template)
  if (text === null) return null
  if (text.length > maxTemplateBytes)
    throw new EngineError('bad-config', `${path}: its chat template has ${text.length} characters; get it again`)
  const tokens = Object.keys(settings).flatMap((key) => {
    const token = key.endsWith('_token') ? tokenText(settings[key]) : null
    return token === null ? [] : [[key, token] as const]
  })
  return { path: inFile === null ? path : own, text, tokens: Object.fromEntries(tokens) }
}

function templateIn(written: unknown): string | null {
  if (typeof written === 'string') return written
  const named = Array.isArray(written) ? written.map(fieldsOf).find(({ name }) => name === 'default') : undefined
  return typeof named?.template === 'string' ? named.template : null
}

/** The text of a special token, which is written as a string or as an object with `content`. */
export function tokenText(token: unknown): string | null {
  const text = typeof token === 'string' ? token : fieldsOf(token).content
  return typeof text === 'string' ? text : null
}
