// A tokenizer.json for tests: byte-level BPE with a few merges, `<s>` put before every document.

/** GPT-2's characters for the 256 bytes: printable ones are themselves, the rest are characters from 256 on. */
function byteCharacters(): string[] {
  const printable = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174
  let next = 256
  return Array.from({ length: 256 }, (_, b) => String.fromCodePoint(printable(b) ? b : next++))
}

const merges = ['t h', 'th e', 'Ġ the', 'i n', 'Ġ a', 'e r', 'Ċ Ċ']

export interface TokenizerChoices {
  preTokenizer?: unknown
  addedTokens?: unknown[]
}

/** Ids: 0 `<s>`, 1 … 256 the bytes, then the merges. */
export function byteTokenizer({ preTokenizer, addedTokens = [] }: TokenizerChoices = {}): Record<string, unknown> {
  const vocab = ['<s>', ...byteCharacters(), ...merges.map((m) => m.replace(' ', ''))]
  return {
    version: '1.0',
    added_tokens: [
      { id: 0, content: '<s>', special: true, normalized: false, lstrip: false, rstrip: false, single_word: false },
      ...addedTokens,
    ],
    normalizer: null,
    pre_tokenizer: preTokenizer ?? { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { '<s>': { id: '<s>', ids: [0], tokens: ['<s>'] } },
    },
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      unk_token: null,
      vocab: Object.fromEntries(vocab.map((token, id) => [token, id])),
      merges,
      ignore_merges: false,
    },
  }
}

/** Ids of ASCII text without merges in it. */
export function plainIds(text: string): number[] {
  return [0, ...Array.from(text, (c) => c.charCodeAt(0) + 1)]
}
