import { goldLabel, labelledChoices, textIn } from './columns.ts'
import { choicesAfter, type TaskRow } from './task.ts'

export const arcEasy: TaskRow = {
  title: 'ARC-Easy',
  about: 'questions of school science (test of ai2_arc ARC-Easy)',
  questions: {
    columns: [['question'], ['choices'], ['answerKey']],
    answer: 'choice',
    normalised: true,
    ask(row) {
      const { texts, labels } = labelledChoices(row)
      const requests = choicesAfter(`Question: ${textIn(row, 'question')}\nAnswer:`, texts)
      return { requests, gold: goldLabel(row.answerKey, labels, 'answerKey') }
    },
  },
}
