import { goldLabel, labelledChoices, textIn } from './columns.ts'
import { lstrip } from './python.ts'
import { choicesAfter, type TaskRow } from './task.ts'

export const openbookqa: TaskRow = {
  title: 'OpenBookQA',
  about: 'sentences to complete with elementary science (test of openbookqa main)',
  questions: {
    columns: [['question_stem'], ['choices'], ['answerKey']],
    answer: 'choice',
    normalised: true,
    ask(row) {
      const { texts, labels } = labelledChoices(row)
      const { answerKey } = row
      const answer = typeof answerKey === 'string' ? lstrip(answerKey) : answerKey
      const requests = choicesAfter(textIn(row, 'question_stem'), texts)
      return { requests, gold: goldLabel(answer, labels, 'answerKey') }
    },
  },
}
