import type { TaskRow } from './task.ts'

export const perplexity: TaskRow = {
  title: 'Perplexity',
  about: 'exp of the mean next-token loss over windows of a text',
  questions: null,
}
