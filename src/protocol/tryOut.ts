// Messages of Try It, in which several checkpoints continue the same prompts side by side. Pages import this file, so it has no schema.

export interface TriedToken {
  id: number
  /** Text that this token completes; '' for a part of a character and for the end of the text. */
  piece: string
  /** Natural log of its probability by the model that generated it. */
  logProbability: number
  /** Other tokens at this place, most likely first. */
  alternatives: { piece: string; logProbability: number }[]
}

/** An earlier turn of a conversation: the user's prompt, and the answer of each column. */
export interface Turn {
  prompt: string
  answers: string[]
}

/** `column` and `prompt` are indices in the parameters. */
export type TryProgress =
  /** The column's weights are being read. */
  | { type: 'opening'; column: number }
  | { type: 'token'; column: number; prompt: number; token: TriedToken }
  /** `rest`: the remainder of a text that ends within a character. `seconds`: time that this column alone took. */
  | { type: 'end'; column: number; prompt: number; rest: string; seconds: number }
  /** Log-probability of each token under the first model; null if that model has another tokenizer. */
  | { type: 'judged'; column: number; prompt: number; logProbabilities: number[] | null }
  /** The other columns continue. */
  | { type: 'failed'; column: number; message: string }

export const mostColumns = 6
export const mostPrompts = 100
export const mostTurns = 100
/** Characters of one prompt. */
export const largestPrompt = 2 ** 15
export const mostNewTokens = 1024
