// The row of an evaluation task: what it measures, what it reads, and what its results are called.

export interface TaskRow {
  /** As a sentence begins with it. */
  readonly title: string
  /** What is measured: Markdown. */
  readonly about: string
  /** Its first number, and which way is better; null: it gives texts. */
  readonly metric: { readonly name: string; readonly better: 'lower' | 'higher' } | null
  /** Of a zero-shot task: one question a row of the data. null: the task reads text, or what the recipe itself says. */
  readonly questions: Questions | null
  /** Of a task that writes on after the recipe's own `prompts` and reads no data. */
  readonly prompts?: Prompts
}

export interface Prompts {
  /** New tokens after each prompt, where the recipe does not say. */
  readonly maxTokens: number
}

/** A row of the data, parsed. Hostile: any column may hold anything. */
export type Row = Readonly<Record<string, unknown>>

/** How rows become questions, as lm-evaluation-harness 0.4.13 has it (docs/methods.md, "Zero-shot tasks"). */
export interface Questions {
  /** Columns that are read. Of several names in an entry one is enough: data sets differ. */
  readonly columns: readonly (readonly string[])[]
  /**
   * `choice`: the answer is the choice with the largest log-likelihood. `completion`: there is one continuation, and it is
   * right where every token of it is the likeliest.
   */
  readonly answer: 'choice' | 'completion'
  /** The harness also divides by the length of the choice. */
  readonly normalised: boolean
  /** @throws FormatError without the row's place. */
  readonly ask: (row: Row) => Question
}

export interface Question {
  /** One a choice. */
  readonly requests: readonly Request[]
  /** Index of the right choice; null where the row does not say. */
  readonly gold: number | null
}

/** How likely is the continuation after the context? */
export interface Request {
  readonly context: string
  readonly continuation: string
  /** Unicode code points of the choice itself: what acc_norm divides by. */
  readonly length: number
}

/** One request a choice behind the same context, a space between. */
export function choicesAfter(context: string, choices: readonly string[]): Request[] {
  return choices.map((choice) => ({ context, continuation: ` ${choice}`, length: Array.from(choice).length }))
}
