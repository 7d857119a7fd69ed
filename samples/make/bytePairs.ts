// Trains a byte-level BPE (Sennrich et al. 2016; bytes as in GPT-2) and writes it as tokenizer.json.

/** GPT-2's printable stand-in for each byte: printable Latin-1 stays, the rest moves to U+0100 and up. */
export function byteAlphabet(): string[] {
  const alphabet: string[] = []
  let moved = 0
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
    alphabet.push(String.fromCodePoint(printable ? byte : 256 + moved++))
  }
  return alphabet
}

/** The pre-tokenizer's pattern (`ByteLevel` with `use_regex`). */
const word = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu

export interface BytePairs {
  vocabulary: string[]
  merges: [string, string][]
}

interface Word {
  pieces: string[]
  count: number
}

function countWords(texts: Iterable<string>): Word[] {
  const alphabet = byteAlphabet()
  const counts = new Map<string, number>()
  for (const text of texts) for (const [w] of text.matchAll(word)) counts.set(w, (counts.get(w) ?? 0) + 1)
  return [...counts].map(([w, count]) => ({ pieces: [...Buffer.from(w)].map((byte) => alphabet[byte]), count }))
}

/** The most frequent pair; of equal ones the first in code-unit order, so that the result is reproducible. */
function bestPair(counts: Map<string, number>): string | null {
  let best: string | null = null
  let most = 1
  for (const [pair, count] of counts)
    if (count > most || (count === most && best !== null && pair < best)) [best, most] = [pair, count]
  return best
}

function merge(pieces: string[], left: string, right: string): string[] {
  const merged: string[] = []
  for (let i = 0; i < pieces.length; i++) {
    if (pieces[i] === left && pieces[i + 1] === right) merged.push(left + pieces[++i])
    else merged.push(pieces[i])
  }
  return merged
}

/** `special` tokens come first in the vocabulary, then the 256 bytes, then merges until `size` is reached. */
export function trainBytePairs(texts: Iterable<string>, size: number, special: string[]): BytePairs {
  const words = countWords(texts)
  const vocabulary = [...special, ...byteAlphabet()]
  const merges: [string, string][] = []
  const counts = new Map<string, number>()
  const where = new Map<string, Set<Word>>()
  const add = (w: Word, sign: 1 | -1) => {
    for (let i = 0; i + 1 < w.pieces.length; i++) {
      const pair = `${w.pieces[i]} ${w.pieces[i + 1]}`
      counts.set(pair, (counts.get(pair) ?? 0) + sign * w.count)
      if (sign > 0) {
        const set = where.get(pair) ?? new Set()
        where.set(pair, set.add(w))
      }
    }
  }
  for (const w of words) add(w, 1)
  while (vocabulary.length < size) {
    const best = bestPair(counts)
    if (best === null) break
    const [left, right] = best.split(' ')
    for (const w of where.get(best) ?? []) {
      add(w, -1)
      w.pieces = merge(w.pieces, left, right)
      add(w, 1)
    }
    counts.delete(best)
    merges.push([left, right])
    vocabulary.push(left + right)
  }
  return { vocabulary, merges }
}

/** The file that Hugging Face's tokenizers read. Special tokens are never split. */
export function tokenizerJson({ vocabulary, merges }: BytePairs, special: string[]): string {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
  return JSON.stringify(
    {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: special.map((content, id) => ({
        id,
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      })),
      normalizer: null,
      pre_tokenizer: byteLevel,
      post_processor: null,
      decoder: byteLevel,
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
        merges,
      },
    },
    null,
    1,
  )
}
