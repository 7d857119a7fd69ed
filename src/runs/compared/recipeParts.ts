// Pruning steps and recoveries of a resolved recipe that may be anybody's, and how much a step prunes.
import { parseNm } from '../../catalog/formats/nm.ts'
import { fieldsOf, isRecord } from '../../formatting/records.ts'

export interface RecipeParts {
  readonly steps: readonly Record<string, unknown>[]
  readonly recoveries: readonly Record<string, unknown>[]
}

/** One recovery may stand without a list. */
export function partsOf(recipe: object): RecipeParts {
  const { prune, recover } = fieldsOf(recipe)
  const listOf = (value: unknown) => (Array.isArray(value) ? value : [value]).filter(isRecord)
  return { steps: listOf(prune), recoveries: listOf(recover) }
}

/** N/M of a pattern; the mean of a list over the depth; null where neither is known. */
export function requestedSparsity(step: Record<string, unknown>): number | null {
  const nm = patternOf(step)
  if (nm) return nm.n / nm.m
  const numbers = sparsitiesOf(step)
  return numbers.length > 0 ? numbers.reduce((sum, value) => sum + value, 0) / numbers.length : null
}

/** "2:4", "70 %", "40–60 %" */
export function amountText(step: Record<string, unknown>): string {
  const nm = patternOf(step)
  if (nm) return `${nm.n}:${nm.m}`
  const numbers = sparsitiesOf(step)
  if (numbers.length === 0) return ''
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)].map((share) => Number((100 * share).toPrecision(4)))
  return low === high ? `${low} %` : `${low}–${high} %`
}

/** The end of a retraining's words whose loss is not of the text alone. */
export const onDenseLogits = 'on dense logits'

/** "reconstruct", "retrain", "retrain on dense logits" */
export function modeText({ mode, loss = 'text' }: Record<string, unknown>): string {
  return mode === 'retrain' && loss !== 'text' ? `retrain ${onDenseLogits}` : textOf(mode)
}

const longestText = 60

/** Empty for what is no text. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, longestText) : ''
}

function patternOf({ pattern }: Record<string, unknown>): ReturnType<typeof parseNm> {
  return typeof pattern === 'string' ? parseNm(pattern) : null
}

function sparsitiesOf({ sparsity }: Record<string, unknown>): number[] {
  const values: unknown[] = Array.isArray(sparsity) ? sparsity.slice(0, 1000) : [sparsity]
  return values.filter((value) => typeof value === 'number' && Number.isFinite(value)) as number[]
}
