// Values as options give them; what is no number is refused in commander's own way.
import { InvalidArgumentError } from 'commander'
import { EngineError } from '../engine/errors.ts'
import { nearest } from '../recipe/nearest.ts'
import type { TaskName } from '../catalog/tasks/tasks.ts'

export function wholeNumber(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new InvalidArgumentError('It must be a whole number of at least 1.')
}

export function seedNumber(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new InvalidArgumentError('It must be a whole number, 0 or more.')
}

/** All values of an option that may be repeated. */
export function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value]
}

/** One of `names`. @throws EngineError 'usage' with the nearest name. */
export function taskNamed(option: string, text: string, names: readonly TaskName[]): TaskName {
  const name = names.find((known) => known === text)
  if (name) return name
  const near = nearest(text, names)
  const meant = near ? `did you mean ${near}?` : `choose one of ${names.join(', ')}`
  throw new EngineError('usage', `${option} ${text}: there is no such task; ${meant}`)
}

/** For an option that other commands take several times. */
export function onlyOnce(text: string, before: string | undefined): string {
  if (before !== undefined) throw new InvalidArgumentError('It is given twice, and only one is taken here.')
  return text
}
