import { goldIndex, textIn } from './columns.ts'
import { choicesAfter, type TaskRow } from './task.ts'

export const piqa: TaskRow = {
  title: 'PIQA',
  about: 'which of two ways to do something works (validation)',
  questions: {
    columns: [['goal'], ['sol1'], ['sol2'], ['label']],
    answer: 'choice',
    normalised: true,
    ask(row) {
      const context = `Question: ${textIn(row, 'goal')}\nAnswer:`
      const ways = [textIn(row, 'sol1'), textIn(row, 'sol2')]
      return { requests: choicesAfter(context, ways), gold: goldIndex(row.label, 2, 'label') }
    },
  },
}
