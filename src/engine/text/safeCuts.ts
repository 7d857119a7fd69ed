// Finds where a long text may be cut so that the pieces' ids are the whole text's ids.
//
// Byte-level tokenizers split text into words by a regular expression before they look at the vocabulary. In all of
// the published expressions (GPT-2's, and those of the GPT-4, Llama 3 and Qwen lines) a run of letters ends at a line
// break, and a line break that follows a letter begins the next word. Looking ahead matters to spaces only, and the
// whole run of space stands to the right of such a cut. Between a letter and "\n" the two sides are thus independent.
// Tokenizers that see the text as one word (SentencePiece's) are not cut.

import { stepsOf } from './preTokenizers.ts'

type Definition = Readonly<Record<string, unknown>>

/** Whether a text of this tokenizer may be cut by `cutAfterLetters`. */
export function isSafeToCut(definition: Definition): boolean {
  return isByteLevel(definition) && normalizes(definition) && addedTokensStayWhole(definition)
}

/** Positions at which to cut, about every `pieceLength` characters. */
export function cutAfterLetters(text: string, pieceLength: number): number[] {
  const cuts: number[] = []
  const letterThenBreak = /(?<=\p{L})\n/gu
  letterThenBreak.lastIndex = pieceLength
  for (let found = letterThenBreak.exec(text); found; found = letterThenBreak.exec(text)) {
    cuts.push(found.index)
    letterThenBreak.lastIndex = found.index + pieceLength
  }
  return cuts
}

/** A final ByteLevel step after nothing but splits, without the prefix space that every piece would get anew. */
function isByteLevel({ pre_tokenizer: step }: Definition): boolean {
  const steps = stepsOf(step)
  return (
    steps.at(-1)?.type === 'ByteLevel' &&
    steps.every((s) => s.type === 'ByteLevel' || splitsDigits(s) || splitsWords(s)) &&
    steps.every((s) => s.add_prefix_space !== true) &&
    // The whole text is one word where there is no expression.
    steps.some((s) => splitsWords(s) || (s.type === 'ByteLevel' && s.use_regex !== false))
  )
}

/** A published expression: it has both runs of letters and space before something else. */
function splitsWords(step: Definition): boolean {
  const regex = regexOf(step)
  return regex.includes('\\p{L}+') && regex.includes('\\s+(?!\\S)')
}

function splitsDigits(step: Definition): boolean {
  return step.type === 'Digits' || /^\\p\{N\}(\{\d,\d\})?$/.test(regexOf(step))
}

function regexOf(step: Definition): string {
  const regex = step.type === 'Split' ? (step.pattern as Definition | undefined)?.Regex : ''
  return typeof regex === 'string' ? regex : ''
}

/** Whether the normalizer (or its absence) leaves a line break after a letter as it is. */
function normalizes({ normalizer }: Definition): boolean {
  return stepsOf(normalizer).every((s) => s.type === 'NFC' || s.type === 'NFKC')
}

/** Added tokens are found before words are; a cut must not go through one, nor through the space it swallows. */
function addedTokensStayWhole({ added_tokens: tokens }: Definition): boolean {
  if (!Array.isArray(tokens)) return true
  return tokens.every((t: Definition) => !String(t.content).includes('\n') && t.rstrip !== true)
}
