import { goldIndex, textIn } from './columns.ts'
import { choicesAfter, type TaskRow } from './task.ts'

export const rte: TaskRow = {
  title: 'RTE',
  about: 'does one sentence follow from another (validation of glue/rte)',
  questions: {
    columns: [['sentence1'], ['sentence2'], ['label']],
    answer: 'choice',
    normalised: false,
    ask(row) {
      const context = `${textIn(row, 'sentence1')}\nQuestion: ${textIn(row, 'sentence2')} True or False?\nAnswer:`
      return { requests: choicesAfter(context, ['True', 'False']), gold: goldIndex(row.label, 2, 'label') }
    },
  },
}
