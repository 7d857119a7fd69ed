// A model's tokenizer.json: text to ids, with the special tokens that its post-processor adds by default.
import { join } from 'node:path'
import { Tokenizer as HfTokenizer } from '@huggingface/tokenizers'
import { readSmallFile } from '../checkpoint/smallFile.ts'
import { EngineError, throwIfCancelled } from '../errors.ts'
import { safeCuts } from './safeCuts.ts'

export interface Tokenizer {
  /** Ids of one document, as transformers' `tokenizer(text).input_ids`. Lets other work go on between pieces. */
  encode(text: string, signal?: AbortSignal): Promise<Int32Array>
}

const maxTokenizerBytes = 512 * 2 ** 20

/** Text encoded before the event loop gets a turn; about a tenth of a second. */
const pieceLength = 1 << 15

/** @throws EngineError 'bad-data' when the folder has none, 'bad-config' when it cannot be used. */
export async function openTokenizer(folder: string): Promise<Tokenizer> {
  const path = join(folder, 'tokenizer.json')
  const definition = await readJson(path)
  if (definition === null) {
    throw new EngineError(
      'bad-data',
      `${folder} has no tokenizer.json, which text data needs; copy it from the model, or give token ids in a .safetensors file`,
    )
  }
  const config = (await readJson(join(folder, 'tokenizer_config.json'))) ?? {}
  const tokenizer = create(path, definition, config)
  const cutsOf = safeCuts(definition)

  return {
    async encode(text, signal) {
      const cuts = text.length > pieceLength ? cutsOf(text, pieceLength) : []
      if (cuts.length === 0) return Int32Array.from(encodeWhole(path, tokenizer, text, true))
      const ids: number[][] = []
      let start = 0
      for (const end of [...cuts, text.length]) {
        throwIfCancelled(signal)
        ids.push(encodeWhole(path, tokenizer, text.slice(start, end), false))
        start = end
        await new Promise(setImmediate)
      }
      return addSpecialTokens(path, tokenizer, ids)
    },
  }
}

async function readJson(path: string): Promise<Record<string, unknown> | null> {
  try {
    const value: unknown = JSON.parse(await readSmallFile(path, maxTokenizerBytes))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
    throw new SyntaxError('not an object')
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new EngineError('bad-config', `${path} is not a JSON object (${error.message}); get it again`)
    }
    if (error instanceof EngineError && error.code === 'not-found') return null
    throw error
  }
}

function create(path: string, definition: Record<string, unknown>, config: Record<string, unknown>): HfTokenizer {
  try {
    return new HfTokenizer({ ...definition, added_tokens: definition.added_tokens ?? [] }, config)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new EngineError('bad-config', `${path} cannot be used (${reason}); save it with a current transformers`)
  }
}

function encodeWhole(path: string, tokenizer: HfTokenizer, text: string, special: boolean): number[] {
  const { ids, tokens } = tokenizer.encode(text, { add_special_tokens: special })
  const unknown = ids.findIndex((id) => !Number.isInteger(id) || id < 0)
  if (unknown >= 0) {
    throw new EngineError(
      'bad-config',
      `${path} has no id for the token ${JSON.stringify(tokens[unknown])}; is it from another model?`,
    )
  }
  return ids
}

/** What the post-processor puts around a document does not depend on the document: taken from an empty one. */
function addSpecialTokens(path: string, tokenizer: HfTokenizer, pieces: readonly number[][]): Int32Array {
  const probe = encodeWhole(path, tokenizer, 'a', true)
  const bare = encodeWhole(path, tokenizer, 'a', false)
  const before = probe.findIndex((_, i) => bare.every((id, j) => probe[i + j] === id))
  const after = probe.slice(before + bare.length)
  const total = pieces.reduce((sum, piece) => sum + piece.length, before + after.length)
  const ids = new Int32Array(total)
  ids.set(probe.slice(0, before))
  let at = before
  for (const piece of pieces) {
    ids.set(piece, at)
    at += piece.length
  }
  ids.set(after, at)
  return ids
}
