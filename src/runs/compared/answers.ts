// A model's answer to each row of a zero-shot task, as a run's report keeps it, and whether two models differ in these.
import { fieldsOf, isRecord } from '../../catalog/formats/json.ts'
import { stages } from '../../catalog/stages.ts'

/** One character per row, in the order of the file: the index of a choice in base 36, "-" for none. Equal characters: a right answer. */
export interface Answers {
  readonly picked: string
  readonly gold: string
}

interface TaskAnswers extends Answers {
  readonly entry: number
  readonly task: string
  /** As the recipe has it. */
  readonly data: string
}

const mostChoices = 36

/** Returns null for a task with more choices than there are characters. */
export function encodeAnswers(picked: readonly (number | null)[], gold: readonly (number | null)[]): Answers | null {
  const known = [...picked, ...gold].filter((choice) => choice !== null)
  if (known.some((choice) => choice >= mostChoices)) return null
  const text = (choices: readonly (number | null)[]) => choices.map((choice) => choice?.toString(36) ?? '-').join('')
  return { picked: text(picked), gold: text(gold) }
}

/** Answers at the last measured stage of each entry of a report's `evaluations`; the report is not trusted. */
export function answersIn(report: unknown): TaskAnswers[] {
  const { evaluations } = fieldsOf(report)
  const byEntry = new Map<number, TaskAnswers & { stage: number }>()
  for (const one of Array.isArray(evaluations) ? evaluations.filter(isRecord) : []) {
    const { entry, task, data, stage, answers } = one
    const { picked, gold } = fieldsOf(answers)
    if (typeof entry !== 'number' || typeof task !== 'string' || typeof data !== 'string') continue
    if (!isAnswers(picked) || !isAnswers(gold) || picked.length !== gold.length) continue
    const at = stages.findIndex((name) => name === stage)
    if (at >= (byEntry.get(entry)?.stage ?? 0)) byEntry.set(entry, { entry, task, data, picked, gold, stage: at })
  }
  return [...byEntry.values()].map(({ stage: _, ...one }) => one)
}

function isAnswers(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-z-]*$/.test(value)
}

/**
 * McNemar's exact test: two-sided p of `onlyA` against `onlyB` discordant rows under a fair coin: min(1, 2 Σ_{i ≤ min} C(n, i) / 2ⁿ) with
 * n = onlyA + onlyB; 1 for n = 0.
 */
export function mcnemarP(onlyA: number, onlyB: number): number {
  const n = onlyA + onlyB
  const least = Math.min(onlyA, onlyB)
  // Terms are relative to the last one, the largest, since with a thousand rows the first terms underflow.
  let [term, sum] = [1, 1]
  for (let i = least; i > 0; i--) sum += term *= i / (n - i + 1)
  let logLast = -n * Math.LN2
  for (let i = 1; i <= least; i++) logLast += Math.log((n - i + 1) / i)
  return Math.min(1, 2 * Math.exp(logLast) * sum)
}

/** "p = 0.021" */
export function pText(p: number): string {
  return p < 0.001 ? 'p < 0.001' : `p = ${p.toPrecision(2)}`
}
