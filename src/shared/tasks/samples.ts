import type { TaskRow } from './task.ts'

export const samples: TaskRow = {
  title: 'Samples',
  about: 'what the model says after each of the `prompts`, always its likeliest token; no data',
  metric: null,
  questions: null,
  prompts: { maxTokens: 40 },
}
