// The row of an evaluation task: what it measures, and what its results are called.

export interface TaskRow {
  /** As a sentence begins with it. */
  readonly title: string
  /** What is measured: Markdown. */
  readonly about: string
  /** Its first number, and which way is better. */
  readonly metric: { readonly name: string; readonly better: 'lower' | 'higher' }
}
