// Finds where a long text may be cut without changing its ids.
//
// Byte-level tokenizers split text into words by a regular expression, from left to right, before they look at the
// vocabulary. The published expressions (GPT-2's, and those of the GPT-4, Llama 3 and Qwen lines) look ahead only from
// space, and no further than to where that space ends. A cut is safe where a word ends whatever comes after it, and where
// no run of space is on both sides:
// - A run of letters ends at a space or a line break, in all of them.
// - In GPT-2's, anything but space ends at a line break: `[^\s\p{L}\p{N}]+`.
// - In the others, a run of signs includes the line breaks after it, `[^\s\p{L}\p{N}]+[\r\n]*`, and all other line breaks end
//   a word too, `\s*[\r\n]+`: a word always ends before the beginning of a line.
// NFC and NFKC join nothing to a space or a line break, but turn the ends of some letters into signs. Texts of tokenizers that
// see a text as one word (SentencePiece's) are not cut.

import { stepsOf, wordsOfGpt2 } from '../../catalog/formats/tokenizerJson.ts'

type Definition = Readonly<Record<string, unknown>>

const letterThenBreak = String.raw`(?<=\p{L})(?=\n)`
const letterThenSpace = String.raw`(?<=\p{L})(?= )`
const anythingThenBreak = String.raw`(?<=[\p{L}\p{N}\p{P}])(?=\n)`
const lineBegins = String.raw`(?<=\n)(?=[\p{L}\p{N}\p{P}])`

/** Returns an expression with an empty match at each place where a text may be cut; null where no place is certain to be safe. */
export function cutExpression(definition: Definition): string | null {
  const words = wordExpression(definition)
  const added = addedTokens(definition)
  if (words === null || !normalizes(definition) || !added.every(staysWhole)) return null
  const signs = String.raw`[^\s\p{L}\p{N}]+`
  const signsTakeBreaks = words.includes(`${signs}[\\r\\n]*`) && words.includes('\\s*[\\r\\n]+')
  const places: string[] = []
  if (!added.some(containsSpace)) places.push(letterThenSpace)
  if (!signsTakeBreaks) places.push(words.includes(`${signs}|`) ? anythingThenBreak : letterThenBreak)
  // An added token with `lstrip` includes the line break before it, so a cut there would split it.
  else if (added.every(({ lstrip }) => lstrip !== true)) places.push(lineBegins)
  if (places.length === 0) return null
  return places.join('|')
}

/** Returns positions at which to cut, about every `pieceLength` characters. */
export function safeCuts(text: string, expression: string, pieceLength: number): number[] {
  const cuts: number[] = []
  const place = new RegExp(expression, 'gu')
  place.lastIndex = pieceLength
  for (let found = place.exec(text); found; found = place.exec(text)) {
    cuts.push(found.index)
    place.lastIndex = found.index + pieceLength
  }
  return cuts
}

/**
 * Returns the expression that splits the text into words, if the last step is ByteLevel, all others are known splits, and
 * none adds a prefix space, which every piece would get; else null.
 */
function wordExpression({ pre_tokenizer: step }: Definition): string | null {
  const steps = stepsOf(step)
  const byteLevel =
    steps.at(-1)?.type === 'ByteLevel' &&
    steps.every((s) => s.type === 'ByteLevel' || splitsDigits(s) || isPublished(regexOf(s))) &&
    steps.every((s) => s.add_prefix_space !== true)
  // The whole text is one word where there is no expression.
  return byteLevel ? (steps.map(regexOf).find(isPublished) ?? null) : null
}

/** Published expressions have both runs of letters, `\p{L}+`, and runs of space that stop before a word, `\s+(?!\S)`. */
function isPublished(regex: string): boolean {
  return regex.includes('\\p{L}+') && regex.includes('\\s+(?!\\S)')
}

function splitsDigits(step: Definition): boolean {
  return step.type === 'Digits' || /^\\p\{N\}(\{\d,\d\})?$/.test(regexOf(step))
}

function regexOf(step: Definition): string {
  if (step.type === 'ByteLevel' && step.use_regex !== false) return wordsOfGpt2
  const regex = step.type === 'Split' ? (step.pattern as Definition | undefined)?.Regex : ''
  return typeof regex === 'string' ? regex : ''
}

/** Whether the normalizer (or its absence) leaves space and line breaks as they are. */
function normalizes({ normalizer }: Definition): boolean {
  return stepsOf(normalizer).every((s) => s.type === 'NFC' || s.type === 'NFKC')
}

/** Whether an added token has space inside, as it is or under NFKC, which turns a spacing accent into a space and an accent. */
function containsSpace({ content }: Definition): boolean {
  const text = String(content)
  return [text, text.normalize('NFKC')].some((form) => /\S\s/.test(form))
}

function addedTokens({ added_tokens: tokens }: Definition): Definition[] {
  return Array.isArray(tokens) ? (tokens as Definition[]) : []
}

/** Whether no cut can go through the token, or the space that `rstrip` adds to it. Added tokens are found before words are. */
function staysWhole({ content, rstrip }: Definition): boolean {
  return !String(content).includes('\n') && rstrip !== true
}
