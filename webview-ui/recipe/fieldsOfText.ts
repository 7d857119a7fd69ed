// Fields of the form: how their numbers are written, and which of them a line of the recipe comes from.

export type Field =
  | 'compared'
  | 'sparsity'
  | 'spread'
  | 'method'
  | 'data'
  | 'secondData'
  | 'windows'
  | 'recovery'
  | 'adapter'
  | 'train'
  | 'loss'
  | 'steps'
  | 'evaluation'
  | 'other'
  | 'output'
  | 'recipe'

/** The first key of a place that names a field decides; those of a section come after the section's own keys. */
const fieldOfKey: Readonly<Record<string, Field>> = {
  sparsity: 'sparsity',
  pattern: 'sparsity',
  allocation: 'spread',
  depth: 'spread',
  method: 'method',
  adapter: 'adapter',
  train: 'train',
  loss: 'loss',
  steps: 'steps',
  samples: 'windows',
  seq_len: 'windows',
  data: 'data',
}
const fieldOfSection: Readonly<Record<string, Field>> = {
  prune: 'method',
  calibration: 'data',
  recover: 'recovery',
  evaluate: 'evaluation',
  save: 'output',
  sweep: 'compared',
  seed: 'compared',
}
/** Sections that are one field, whatever the key. */
const whole = new Set(['evaluate', 'save', 'sweep'])

/** `line`, from 0, of a text that recipeText wrote. */
export function fieldAt(text: string, line: number): Field {
  const lines = text.split('\n').slice(0, line + 1)
  const section = lines.findLast((one) => /^\w/.test(one))?.split(':')[0] ?? ''
  const key = /^\s*(?:- )?([\w.]+):/.exec(lines.at(-1) ?? '')?.[1] ?? ''
  const own = whole.has(section) ? undefined : fieldOfKey[key]
  return own ?? fieldOfSection[section] ?? 'recipe'
}

/** `40, 50 %` as shares; null: one of them is none, or is there twice. */
export function percentages(text: string): number[] | null {
  const shares = numbersIn(text.replaceAll('%', ' '))?.map(shareOf) ?? null
  return shares?.every((share) => share > 0 && share < 1) ? shares : null
}

/** Percent as a share, without the digits that a division adds. */
export function shareOf(percent: number): number {
  return Number((percent / 100).toFixed(6))
}

export function wholeNumbers(text: string): number[] | null {
  const values = numbersIn(text)
  return values?.every((value) => Number.isSafeInteger(value) && value >= 0) ? values : null
}

/** `2e-4, 5e-4`; null: one of them is no rate, or is there twice. */
export function rates(text: string): number[] | null {
  const values = numbersIn(text)
  return values?.every((value) => value > 0) ? values : null
}

function numbersIn(text: string): number[] | null {
  const parts = text.split(/[,;\s]+/).filter((one) => one !== '')
  const values = parts.map(Number)
  return values.every(Number.isFinite) && new Set(values).size === values.length ? values : null
}
