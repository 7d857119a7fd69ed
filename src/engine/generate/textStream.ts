// Ids to text as they come. A token may be half a character, and its blank may depend on what stands before it: a piece is
// given out when it can no longer change.
import type { Tokenizer } from '../text/tokenizer.ts'

/** Number of prompt tokens decoded before the text, so that its first word keeps its space. */
const contextTokens = 8
/** Number of tokens after which text that was given out is not decoded again. */
const lineTokens = 64

export class TextStream {
  readonly #tokenizer: Tokenizer
  #ids: number[]
  #said: number

  private constructor(tokenizer: Tokenizer, ids: number[], said: number) {
    this.#tokenizer = tokenizer
    this.#ids = ids
    this.#said = said
  }

  static async after(tokenizer: Tokenizer, prompt: Int32Array): Promise<TextStream> {
    const context = Array.from(prompt.subarray(Math.max(0, prompt.length - contextTokens)))
    return new TextStream(tokenizer, context, (await tokenizer.decode(context)).length)
  }

  /** Adds an id; returns the text that can no longer change, '' for half a character. */
  async add(id: number): Promise<string> {
    this.#ids.push(id)
    const text = await this.#tokenizer.decode(this.#ids)
    if (text.endsWith('\ufffd')) return ''
    const piece = text.slice(this.#said)
    this.#said = text.length
    if (this.#ids.length > lineTokens) {
      this.#ids = this.#ids.slice(-contextTokens)
      this.#said = (await this.#tokenizer.decode(this.#ids)).length
    }
    return piece
  }

  /** Text that an id would add in this place; the stream does not change. */
  async peek(id: number): Promise<string> {
    return (await this.#tokenizer.decode([...this.#ids, id])).slice(this.#said)
  }

  /** Returns the text that was held back. */
  async end(): Promise<string> {
    return (await this.#tokenizer.decode(this.#ids)).slice(this.#said)
  }
}
