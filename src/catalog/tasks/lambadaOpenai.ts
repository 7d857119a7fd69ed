import { textIn } from './columns.ts'
import { choicesAfter, type TaskRow } from './task.ts'

export const lambadaOpenai: TaskRow = {
  title: 'LAMBADA',
  about: "the last word of a passage, in OpenAI's version (test); also its perplexity, per passage",
  questions: {
    columns: [['text']],
    answer: 'completion',
    normalised: false,
    ask(row) {
      const pieces = textIn(row, 'text').split(' ')
      const last = pieces.pop() ?? ''
      return { requests: choicesAfter(pieces.join(' '), [last]), gold: 0 }
    },
  },
}
