import type { TaskRow } from './task.ts'

export const samples: TaskRow = {
  title: 'Samples',
  about: 'text after each of the `prompts`, by greedy decoding; no data',
  questions: null,
  prompts: { maxTokens: 40 },
}
