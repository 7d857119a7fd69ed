// A model's tokenizer as llama.cpp reads it: the byte-level BPE of GPT-2 and later, and SentencePiece's BPE of the first LLaMA.
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import type { GgufValue } from '../../catalog/formats/gguf/encodeGguf.ts'
import { tokenizerKind, unknownTokenizer } from '../../catalog/formats/tokenizerJson.ts'
import { fieldsOf } from '../../catalog/formats/json.ts'
import { jsonObject, readIfThere } from '../checkpoint/regularFile.ts'
import { EngineError } from '../errors.ts'
import { openTokenizer } from '../text/tokenizer.ts'
import { specialKeys } from './specialTokens.ts'

type Part = Readonly<Record<string, unknown>>

const types = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const

interface TokenList {
  readonly tokens: readonly string[]
  readonly types: readonly number[]
  readonly ids: ReadonlyMap<string, number>
}

const maxTokenizerBytes = 256 * 2 ** 20

/**
 * Keys of the tokenizer in `folder` for a model whose embedding has `rows`.
 * @throws EngineError 'unsupported' for one that llama.cpp does not know, 'bad-data' where it is missing or has more tokens than rows.
 */
export async function ggufTokenizer(
  folder: string,
  rows: number,
  config: unknown,
  signal?: AbortSignal,
): Promise<Map<string, GgufValue>> {
  const path = join(folder, 'tokenizer.json')
  const text = await readIfThere(path, maxTokenizerBytes, 'bad-config')
  if (text === null)
    throw new EngineError('bad-data', `${path} is missing, and a GGUF file needs the tokenizer; copy it from the model`)
  const definition = jsonObject(text, path)
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

/** Tokens by id; rows without a token get a name. */
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
    // User-defined tokens are matched in the text before spaces become ▁, so they contain spaces.
    put(
      id,
      special === true ? content : content.replaceAll('▁', ' '),
      isUnknown ? types.unknown : special === true ? types.control : types.userDefined,
    )
  }
  return { tokens, types: kinds, ids }
}

/** llama.cpp merges the pair with the highest score first. Scores fall with the rank of a merge, which gives tokenizer.json's order. */
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

/** Merges as pairs with a space between, the form of older files and of llama.cpp. */
function mergesOf(definition: Part): string[] {
  const { merges } = fieldsOf(definition.model)
  return [merges ?? []].flat(1).map((merge) => (Array.isArray(merge) ? merge.map(String).join(' ') : String(merge)))
}

// llama.cpp's name for the way in which a BPE tokenizer splits text, where tokenizer.json does not show it. As in llama.cpp's
// converter, the name is found by a hash of the ids of a text that all tokenizers split differently.

/** The text of llama.cpp's converter (get_vocab_base_pre of convert_hf_to_gguf.py). */
const probeText =
  "\n \n\n \n\n\n \t \t\t \t\n  \n   \n    \n     \n🚀 (normal) 😶\u200d🌫️ (multiple emojis concatenated) ✅ 🦙🦙 3 33 333 3333 33333 333333 3333333 33333333 3.3 3..3 3...3 កាន់តែពិសេសអាច😁 ?我想在apple工作1314151天～ ------======= нещо на Български ''''''```````\"\"\"\"......!!!!!!?????? I've been 'told he's there, 'RE you sure? 'M not sure I'll make it, 'D you like some tea? We'Ve a'lL"

/** Names by the hash of the probe's ids, for tokenizers of families that can be converted. */
const byHash: Readonly<Record<string, string>> = {
  '0ef9807a4087ebef797fc749390439009c3b9eda9ad1a097abbe738f486c01e5': 'llama-bpe',
  c136ed14d01c2745d4f60a9596ae66800e2b61fa45643e72436041855ad4089d: 'smaug-bpe',
  '049ecf7629871e3041641907f3de7c733e4dbfdc736f57d882ba0b0845599754': 'deepseek-llm',
  '347715f544604f9118bb75ed199f68779f423cabb20db6de6f31b908d04d7821': 'deepseek-coder',
  b3f499bb4255f8ca19fccd664443283318f2fd2414d5e0b040fbdd0cc195d6c5: 'deepseek-r1-qwen',
  '9d032fcbd5501f4a38150912590928bfb36091efb5df11b8e2124b0390e3fb1e': 'falcon3',
  '3ce83efda5659b07b1ad37ca97ca5797ea4285d9b9ab0dc679e4a720c9da7454': 'gpt-2',
  '0fe1cf6eda062318a1af7270f3331a85c539a01778ff948e24388e949c5282f4': 'gpt-2',
  '855059429035d75a914d1eda9f10a876752e281a054a7a3d421ef0533e5b6249': 'smollm',
  e636dc30a262dcc0d8c323492e32ae2b70728f4df7dfe9737d9f920a282b8aea: 'qwen2',
  d4540891389ea895b53b399da6ac824becc30f2fba0e9ddbb98f92e55ca0e97c: 'qwen2',
  '63b97e4253352e6f357cc59ea5b583e3a680eaeaf2632188c2b952de2588485e': 'tekken',
  '0e9433cbbb161f89e264eb32e8e64bfe69e834973ffca5d41d3948a604a3e2a3': 'pixtral',
  b6dc8df998e1cfbdc4eac8243701a65afe638679230920b50d6f17d81c098166: 'olmo',
  fcace8b9cac38ce847670c970cd5892031a753a1ef381abd1d9af00f713da085: 'phi-2',
  ccc2ef013c104be7bae2965776d611e1d7a8a2a9c547dd93a682c9a9fc80352e: 'gpt-4o',
  '35d91631860c815f952d711435f48d356ebac988362536bed955d43bfa436e34': 'starcoder',
  d5f1dd6f980fec569fb218a81a7658ac45fc56b38c5a0adeb1c232fbe04ef5ec: 'seed-coder',
  a1e163ecab2e718a4c829d1148b6e86824ec36163bb71941c3dca9cd5ac25756: 'mellum',
}

/** The name of the tokenizer that gives these ids of `probeText`, as Python writes a list; null for one that llama.cpp does not know. */
export function nameByProbe(ids: ArrayLike<number>): string | null {
  const hash = createHash('sha256')
    .update(`[${Array.from(ids).join(', ')}]`)
    .digest('hex')
  return Object.hasOwn(byHash, hash) ? byHash[hash] : null
}
