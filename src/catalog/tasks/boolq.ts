import { goldIndex, textIn } from './columns.ts'
import { choicesAfter, type TaskRow } from './task.ts'

/** super_glue has the column `label`, 0 or 1; google/boolq has `answer`, true or false. */
const answers = ['label', 'answer'] as const

export const boolq: TaskRow = {
  title: 'BoolQ',
  about: 'yes or no to a question on a passage (validation of super_glue or google/boolq)',
  questions: {
    columns: [['passage'], ['question'], answers],
    answer: 'choice',
    normalised: false,
    ask(row) {
      const context = `${textIn(row, 'passage')}\nQuestion: ${textIn(row, 'question')}?\nAnswer:`
      const column = answers.find((name) => name in row) ?? 'label'
      return { requests: choicesAfter(context, ['no', 'yes']), gold: goldIndex(row[column], 2, column) }
    },
  },
}
