import { goldIndex, textIn, textsIn } from './columns.ts'
import { capitalize, strip } from './python.ts'
import { choicesAfter, type TaskRow } from './task.ts'

export const hellaswag: TaskRow = {
  title: 'HellaSwag',
  about: 'which of four endings continues a scene (validation)',
  questions: {
    columns: [['activity_label'], ['ctx_a'], ['ctx_b'], ['endings'], ['label']],
    answer: 'choice',
    normalised: true,
    ask(row) {
      const scene = `${textIn(row, 'ctx_a')} ${capitalize(textIn(row, 'ctx_b'))}`
      const context = withoutBrackets(`${textIn(row, 'activity_label')}: ${scene}`)
      const endings = textsIn(row, 'endings').map(withoutBrackets)
      return { requests: choicesAfter(context, endings), gold: goldIndex(row.label, endings.length, 'label') }
    },
  },
}

/** Removes WikiHow's marks in the harness's order; a space may stay at either end. */
function withoutBrackets(text: string): string {
  return withoutMarks(strip(text).replaceAll(' [title]', '. ')).replaceAll('  ', ' ')
}

/** Removes what Python's `\[.*?\]` matches, in linear time. Python's dot matches everything but line feeds. */
function withoutMarks(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      let out = ''
      let at = 0
      for (;;) {
        const open = line.indexOf('[', at)
        const close = open < 0 ? -1 : line.indexOf(']', open)
        if (close < 0) return out + line.slice(at)
        out += line.slice(at, open)
        at = close + 1
      }
    })
    .join('\n')
}
