// The rates of a backend on the processor: measured once, and kept for as long as it computes by the same libraries.
import type { Rates } from '../../catalog/methods/work.ts'
import { keepRates, keptRates, ratesFile } from '../keptRates.ts'
import type { Backend } from './backend.ts'
import { measureRates } from './measureRates.ts'

/** Another firmware may change what was measured. */
const keptMs = 30 * 24 * 3600 * 1000
/** Seconds of a run from which on its forecast is worth the one or two that measuring takes. */
const worthMeasuring = 20

export function isWorthMeasuring(seconds: number | null): boolean {
  return seconds !== null && seconds > worthMeasuring
}

/** Undefined for a GPU. */
export async function ratesOf(
  backend: Backend,
  { file = ratesFile(), now = Date.now(), measure = measureRates } = {},
): Promise<Rates | undefined> {
  const { info, prune, traits } = backend
  if (!traits.inHostMemory || !prune) return undefined
  const threads = Number(info.details.threads)
  const libraries = `${String(info.details.blas)}, oneDNN ${String(info.details.oneDnn)}`
  const known = await keptRates(threads, file)
  if (known?.libraries === libraries && Math.abs(now - known.at) < keptMs) return known.rates
  const rates = await measure({ ...backend, prune }, threads)
  await keepRates(threads, { rates, libraries, at: now }, file)
  return rates
}
