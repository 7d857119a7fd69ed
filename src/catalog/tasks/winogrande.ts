import { FormatError } from '../../errors.ts'
import { goldLabel, textIn } from './columns.ts'
import { strip } from './python.ts'
import type { TaskRow } from './task.ts'

export const winogrande: TaskRow = {
  title: 'WinoGrande',
  about:
    'which of two names a blank means, judged by how likely the rest of the sentence is (validation of winogrande_xl)',
  questions: {
    columns: [['sentence'], ['option1'], ['option2'], ['answer']],
    answer: 'choice',
    normalised: false,
    ask(row) {
      const sentence = textIn(row, 'sentence')
      const blank = sentence.indexOf('_')
      if (blank < 0) throw new FormatError('"sentence" has no blank "_"')
      const rest = strip(sentence.slice(blank + 1))
      const requests = ['option1', 'option2'].map((option) => ({
        context: sentence.slice(0, blank) + textIn(row, option),
        continuation: ` ${rest}`,
        length: Array.from(rest).length,
      }))
      return { requests, gold: goldLabel(row.answer, ['1', '2'], 'answer') }
    },
  },
}
