// Trying models out: the same prompts after one another in several checkpoints, side by side. Pages import this file, so it has no schema.

export interface TriedToken {
  id: number
  /** The text that is settled with it; '' for half a character and for the end of the text. */
  piece: string
  /** Natural log of its probability by the model that generated it. */
  logProbability: number
  /** Other tokens at this place, most likely first. */
  alternatives: { piece: string; logProbability: number }[]
}

/** An earlier turn of a conversation: what a person wrote, and what each column answered. */
export interface Turn {
  prompt: string
  answers: string[]
}

/** `column` and `prompt` are indices in the parameters. */
export type TryProgress =
  /** Its weights are being read. */
  | { type: 'opening'; column: number }
  | { type: 'token'; column: number; prompt: number; token: TriedToken }
  /** `rest`: what is left of a text that ends in half a character. `seconds`: its own, without the others' turns. */
  | { type: 'end'; column: number; prompt: number; rest: string; seconds: number }
  /** By the first model, one a token; null where it has another tokenizer. */
  | { type: 'judged'; column: number; prompt: number; logProbabilities: number[] | null }
  /** The other columns go on. */
  | { type: 'failed'; column: number; message: string }

export const mostColumns = 6
export const mostPrompts = 100
export const mostTurns = 100
/** Characters of one. */
export const largestPrompt = 2 ** 15
export const mostNewTokens = 1024
