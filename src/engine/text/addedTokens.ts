// Finds added tokens in a text. Those with `normalized: false` are found in the text as it is, the others in normalized text. Source: AddedVocabulary of the package tokenizers.

interface AddedToken {
  readonly content: string
  /** The token includes the white space before it (`lstrip`) or after it (`rstrip`). */
  readonly lstrip: boolean
  readonly rstrip: boolean
  readonly normalized: boolean
}

/** A part of a text: an added token, whose `text` is its content, or the text between two of them. */
export interface Section {
  readonly isToken: boolean
  readonly text: string
}

interface Finder {
  readonly tokens: ReadonlyMap<string, AddedToken>
  /** Lengths of tokens by their first character, the longest first. */
  readonly lengths: ReadonlyMap<string, readonly number[]>
}

export interface AddedTokens {
  /** Splits a text at the tokens that are found before the normalizer. */
  before(text: string): Section[]
  /** Splits normalized text at the others. */
  after(text: string): Section[]
}

/** `listed` is tokenizer.json's `added_tokens`; `normalize` its normalizer. */
export function findAddedTokens(
  listed: readonly Readonly<Record<string, unknown>>[],
  normalize: (text: string) => string,
): AddedTokens {
  const tokens = listed.map(readToken)
  const plain = finderOf(tokens.filter(({ normalized }) => !normalized).map((token) => [token.content, token]))
  const changed = finderOf(
    tokens.filter(({ normalized }) => normalized).map((token) => [normalize(token.content), token]),
  )
  return { before: (text) => split(text, plain), after: (text) => split(text, changed) }
}

function readToken({ content, lstrip, rstrip, special, normalized }: Readonly<Record<string, unknown>>): AddedToken {
  return {
    content: String(content),
    lstrip: lstrip === true,
    rstrip: rstrip === true,
    normalized: normalized === undefined ? special !== true : normalized === true,
  }
}

function finderOf(entries: readonly (readonly [text: string, token: AddedToken])[]): Finder {
  const tokens = new Map(entries.filter(([text]) => text !== ''))
  const lengths = new Map<string, Set<number>>()
  for (const text of tokens.keys()) lengths.set(text[0], (lengths.get(text[0]) ?? new Set()).add(text.length))
  return {
    tokens,
    lengths: new Map([...lengths].map(([first, of]) => [first, [...of].sort((a, b) => b - a)])),
  }
}

function split(text: string, finder: Finder): Section[] {
  const sections: Section[] = []
  const between = (from: number, to: number) => {
    if (to > from) sections.push({ isToken: false, text: text.slice(from, to) })
  }
  /** The end of the last token, including the space after it where the token has `rstrip`. */
  let start = 0
  let at = 0
  while (at < text.length) {
    const found = foundAt(text, at, finder)
    if (found === null) {
      at++
      continue
    }
    const { token, end } = found
    between(start, token.lstrip ? spaceBefore(text, at, start) : at)
    sections.push({ isToken: true, text: token.content })
    start = token.rstrip ? spaceAfter(text, end) : end
    at = start
  }
  between(start, text.length)
  return sections
}

function foundAt(text: string, at: number, { tokens, lengths }: Finder): { token: AddedToken; end: number } | null {
  for (const length of lengths.get(text[at]) ?? []) {
    const token = tokens.get(text.slice(at, at + length))
    if (token) return { token, end: at + length }
  }
  return null
}

const space = /\p{White_Space}/u

/** The beginning, at `from` or later, of the space that ends at `end`. */
function spaceBefore(text: string, end: number, from: number): number {
  let at = end
  while (at > from && space.test(text[at - 1])) at--
  return at
}

/** The end of the space that begins at `start`. */
function spaceAfter(text: string, start: number): number {
  let at = start
  while (at < text.length && space.test(text[at])) at++
  return at
}
