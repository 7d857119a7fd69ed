// A model's tokenizer as llama.cpp reads it: the byte-level BPE of GPT-2 and later, and SentencePiece's BPE of the first LLaMA.
import { join } from 'node:path'
import type { GgufValue } from '../../catalog/formats/gguf/encodeGguf.ts'
import { tokenizerKind, unknownTokenizer } from '../../catalog/formats/tokenizerJson.ts'
import { fieldsOf } from '../../catalog/formats/json.ts'
import { readSmallFile } from '../checkpoint/smallFile.ts'
import { EngineError } from '../errors.ts'
import { openTokenizer } from '../text/tokenizer.ts'
import { nameByProbe, probeText } from './preTokenizers.ts'
import { specialKeys } from './specialTokens.ts'

type Part = Readonly<Record<string, unknown>>

const types = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const

export interface TokenList {
  readonly tokens: readonly string[]
  readonly types: readonly number[]
  readonly ids: ReadonlyMap<string, number>
}

const maxTokenizerBytes = 256 * 2 ** 20

/**
 * Keys of the tokenizer in `folder` for a model whose embedding has `rows`.
 * @throws EngineError 'unsupported' for one that llama.cpp does not know, 'bad-data' where there is none or it has more tokens than rows.
 */
export async function ggufTokenizer(
  folder: string,
  rows: number,
  config: unknown,
  signal?: AbortSignal,
): Promise<Map<string, GgufValue>> {
  const path = join(folder, 'tokenizer.json')
  const definition = await definitionOf(path)
  const list = tokenList(definition, rows, path)
  const kind = tokenizerKind(definition)
  if (typeof kind === 'string') throw new EngineError('unsupported', `${path}: ${kind}`)
  const keys =
    kind.kind === 'pieces'
      ? sentencePiece(definition, list, kind.spaceFirst)
      : byteLevel(definition, kind.splits ?? (await nameOfProbe(folder, signal)))
  return new Map([
    ...Object.entries<GgufValue>(keys),
    ['tokenizer.ggml.tokens', { type: 'strings', value: list.tokens }],
    ['tokenizer.ggml.token_type', { type: 'i32s', value: list.types }],
    ...(await specialKeys(folder, definition, list.ids, config)),
  ])
}

async function definitionOf(path: string): Promise<Part> {
  const text = await readSmallFile(path, maxTokenizerBytes, 'bad-config').catch((error: unknown) => {
    if (!(error instanceof EngineError) || error.code !== 'not-found') throw error
    throw new EngineError(
      'bad-data',
      `${path} is not there, and a GGUF file holds its tokenizer; copy it from the model`,
    )
  })
  try {
    return fieldsOf(JSON.parse(text))
  } catch {
    throw new EngineError('bad-config', `${path} is no JSON; get it again`)
  }
}

/** Tokens by id, with names of their own for rows that have none. */
function tokenList(definition: Part, rows: number, path: string): TokenList {
  const { vocab, unk_token: unknown } = fieldsOf(definition.model)
  const ids = new Map(
    Object.entries(fieldsOf(vocab)).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  )
  const tokens = Array.from({ length: rows }, (_, i) => `[PAD${i}]`)
  const kinds = new Array<number>(rows).fill(types.unused)
  const put = (id: number, token: string, kind: number) => {
    if (!Number.isInteger(id) || id < 0 || id >= rows)
      throw new EngineError(
        'bad-data',
        `${path}: the token ${JSON.stringify(token)} has the id ${id}, but the embedding has ${rows} rows; is the tokenizer another model's?`,
      )
    tokens[id] = token
    kinds[id] = kind
  }
  const isBytes = fieldsOf(definition.model).byte_fallback === true
  for (const [token, id] of ids)
    put(
      id,
      token,
      token === unknown ? types.unknown : isBytes && /^<0x[0-9A-F]{2}>$/.test(token) ? types.byte : types.normal,
    )
  for (const added of [definition.added_tokens ?? []].flat()) {
    const { content, id, special } = fieldsOf(added)
    if (typeof content !== 'string' || typeof id !== 'number') continue
    ids.set(content, id)
    const isUnknown = isBytes && content === unknown
    // User-defined tokens are looked for in the text as it is, so their spaces are spaces.
    put(
      id,
      special === true ? content : content.replaceAll('▁', ' '),
      isUnknown ? types.unknown : special === true ? types.control : types.userDefined,
    )
  }
  return { tokens, types: kinds, ids }
}

/** llama.cpp merges the pair with the highest score; scores that fall with the rank of the merge do so in tokenizer.json's order. */
function sentencePiece(definition: Part, { tokens, types: kinds }: TokenList, spaceFirst: boolean) {
  const rank = new Map<string, number>()
  for (const [i, merge] of mergesOf(definition).entries()) {
    const piece = merge.replace(' ', '')
    if (!rank.has(piece)) rank.set(piece, i)
  }
  const scores = tokens.map((token, id) => (kinds[id] === types.normal ? -(rank.get(token) ?? rank.size) : 0))
  return {
    'tokenizer.ggml.model': { type: 'string', value: 'llama' },
    'tokenizer.ggml.pre': { type: 'string', value: 'default' },
    'tokenizer.ggml.scores': { type: 'f32s', value: scores },
    'tokenizer.ggml.add_space_prefix': { type: 'bool', value: spaceFirst },
  } as const
}

function byteLevel(definition: Part, splits: string) {
  return {
    'tokenizer.ggml.model': { type: 'string', value: 'gpt2' },
    'tokenizer.ggml.pre': { type: 'string', value: splits },
    'tokenizer.ggml.merges': { type: 'strings', value: mergesOf(definition) },
  } as const
}

/** @throws EngineError 'unsupported' for one that llama.cpp has no name for. */
async function nameOfProbe(folder: string, signal: AbortSignal | undefined): Promise<string> {
  const tokenizer = await openTokenizer(folder, { signal })
  try {
    const name = nameByProbe(await tokenizer.encode(probeText, { signal }))
    if (name !== null) return name
  } finally {
    await tokenizer.close()
  }
  throw new EngineError(
    'unsupported',
    `${join(folder, 'tokenizer.json')}: ${unknownTokenizer('splits text into words by (its pre_tokenizer)')}`,
  )
}

/** Pairs with a space between, as older files have them and llama.cpp wants them. */
function mergesOf(definition: Part): string[] {
  const { merges } = fieldsOf(definition.model)
  return [merges ?? []].flat(1).map((merge) => (Array.isArray(merge) ? merge.map(String).join(' ') : String(merge)))
}
