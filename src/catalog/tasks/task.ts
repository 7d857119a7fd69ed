// The row of an evaluation task says what it measures, what it reads, and what its results are called.

export interface TaskRow {
  /** Name at the beginning of a sentence. */
  readonly title: string
  /** Its meaning in Markdown. */
  readonly about: string
  /** Rules by which a zero-shot task makes a question of each row; null where the task reads text, or the recipe's own prompts. */
  readonly questions: Questions | null
  /** Set where the task generates text after the recipe's own `prompts` and reads no data. */
  readonly prompts?: Prompts
}

export interface Prompts {
  /** New tokens after each prompt, where the recipe does not say. */
  readonly maxTokens: number
}

/** A parsed row of the data, not trusted: any column may hold anything. */
export type Row = Readonly<Record<string, unknown>>

/** Rules by which rows become questions, as lm-evaluation-harness 0.4.13 has them (docs/methods.md, "Zero-shot tasks"). */
export interface Questions {
  /** Columns that are read, each with its possible names, since data sets differ. */
  readonly columns: readonly (readonly string[])[]
  /**
   * `choice`: the answer is the choice with the largest log-likelihood. `completion`: there is one continuation, and it is
   * right where every token of it is the likeliest.
   */
  readonly answer: 'choice' | 'completion'
  /** Whether there is an acc_norm, which divides by the length of the choice. */
  readonly normalised: boolean
  /** @throws FormatError without the row's place. */
  readonly ask: (row: Row) => Question
}

export interface Question {
  /** One request per choice. */
  readonly requests: readonly Request[]
  /** Index of the right choice; null where the row does not say. */
  readonly gold: number | null
}

/** A context and a continuation whose log-likelihood is asked for. */
export interface Request {
  readonly context: string
  readonly continuation: string
  /** Length of the choice itself in Unicode code points, by which acc_norm divides. */
  readonly length: number
}

/** One request per choice after the same context, with a space between. */
export function choicesAfter(context: string, choices: readonly string[]): Request[] {
  return choices.map((choice) => ({ context, continuation: ` ${choice}`, length: Array.from(choice).length }))
}
