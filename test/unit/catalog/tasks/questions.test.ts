import { deepEqual, equal, throws } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { FormatError } from '../../../../src/errors.ts'
import type { Questions, Row } from '../../../../src/catalog/tasks/task.ts'
import { taskOf, zeroShotNames, type TaskName } from '../../../../src/catalog/tasks/tasks.ts'

const folder = fileURLToPath(new URL('../../../fixtures/zeroshot', import.meta.url))

function lines<T>(...path: string[]): T[] {
  const text = readFileSync([folder, ...path].join('/'), 'utf8')
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as T]))
}

interface Requests {
  requests: { context: string; continuation: string }[]
}
interface Scored {
  gold: number
  lengths?: number[]
}

function rulesOf(task: TaskName): Questions {
  return taskOf(task).questions!
}

const withGoldens = zeroShotNames.filter((task) => task !== 'arc_challenge')

describe('questions of zero-shot tasks', () => {
  for (const task of withGoldens) {
    it(`${task}: requests, gold and lengths are the harness's`, () => {
      const wanted = lines<Requests>('goldens', `${task}.requests.jsonl`)
      const scored = lines<Scored>('goldens', `${task}.jsonl`)
      const rows = lines<Row>('data', `${task}.jsonl`)
      equal(rows.length, wanted.length)
      rows.forEach((row, i) => {
        const { requests, gold } = rulesOf(task).ask(row)
        deepEqual(
          requests.map(({ context, continuation }) => ({ context, continuation })),
          wanted[i].requests.map(({ context, continuation }) => ({ context, continuation })),
        )
        equal(gold, scored[i].gold)
        equal(rulesOf(task).normalised, scored[i].lengths !== undefined)
        if (scored[i].lengths)
          deepEqual(
            requests.map(({ length }) => length),
            scored[i].lengths,
          )
      })
    })
  }

  it('are the same for arc_challenge as for arc_easy', () => {
    const [row] = lines<Row>('data', 'arc_easy.jsonl')
    deepEqual(rulesOf('arc_challenge').ask(row), rulesOf('arc_easy').ask(row))
  })

  it('name every column that they use', () => {
    for (const task of withGoldens) {
      const [row] = lines<Row>('data', `${task}.jsonl`)
      const named = rulesOf(task).columns.flat()
      deepEqual(
        rulesOf(task).ask(Object.fromEntries(Object.entries(row).filter(([column]) => named.includes(column)))),
        rulesOf(task).ask(row),
      )
    }
  })

  it('have no gold choice in a row without an answer, in any notation', () => {
    const [row] = lines<Row>('data', 'hellaswag.jsonl')
    for (const label of ['', null, -1, '-1']) equal(rulesOf('hellaswag').ask({ ...row, label }).gold, null)
    const [arc] = lines<Row>('data', 'arc_easy.jsonl')
    equal(rulesOf('arc_easy').ask({ ...arc, answerKey: '' }).gold, null)
  })

  it('accept true and false as answers of google/boolq', () => {
    const row = { passage: 'p', question: 'q', answer: true }
    equal(rulesOf('boolq').ask(row).gold, 1)
    equal(rulesOf('boolq').ask({ ...row, answer: false }).gold, 0)
  })

  it('are refused with the column where a value is of another kind', () => {
    const bad: [TaskName, Row, RegExp][] = [
      ['arc_easy', { question: 1, choices: { text: ['a'], label: ['A'] }, answerKey: 'A' }, /"question" must be text/],
      ['arc_easy', { question: 'q', choices: ['a'], answerKey: 'A' }, /"choices" must be a map/],
      [
        'arc_easy',
        { question: 'q', choices: { text: ['a', 'b'], label: ['A'] }, answerKey: 'A' },
        /2 texts and 1 labels/,
      ],
      [
        'arc_easy',
        { question: 'q', choices: { text: ['a'], label: ['A'] }, answerKey: 'E' },
        /not one of the labels "A"/,
      ],
      ['winogrande', { sentence: 'no blank', option1: 'a', option2: 'b', answer: '1' }, /no blank/],
      ['piqa', { goal: 'g', sol1: 'a', sol2: 'b', label: 2 }, /"label" must be a whole number from 0 to 1, it is "2"/],
      [
        'hellaswag',
        { activity_label: 'a', ctx_a: 'b', ctx_b: 'c', endings: [], label: '0' },
        /"endings" must be a list/,
      ],
      ['lambada_openai', { text: null }, /"text" must be text/],
    ]
    for (const [task, row, message] of bad) {
      throws(
        () => rulesOf(task).ask(row),
        (error: Error) => error instanceof FormatError && message.test(error.message),
      )
    }
  })
})
