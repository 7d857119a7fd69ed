import { EngineError } from '../../engine/errors.ts'

/** @throws EngineError 'usage' for what is no whole number of at least `least`. */
export function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value
  throw new EngineError('usage', `${option} ${text}: expected a whole number of at least ${least}`)
}
