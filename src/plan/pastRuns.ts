// How long runs really take here: the planner's seconds beside those of finished runs. Pure: src/runs reads the runs.
import { fieldsOf } from '../formatting/records.ts'
import type { MachineFacts, PastRun } from '../recipe/facts.ts'
import { recoveriesOf, type ResolvedRecipe } from '../recipe/resolve.ts'
import type { Recipe } from '../recipe/schema.ts'
import { measuredPace, unknownPace, type Pace } from './pace.ts'

/** Shorter ones tell of starting, not of computing. */
const leastSeconds = 3
/** The newest; older ones ran on other versions. */
const mostRuns = 8

/** Reads report.json, which may be anybody's; null: it tells nothing. */
export function pastRunOf(report: unknown): PastRun | null {
  const { status, planned_seconds: planned, planned_rates: rates, device, seconds, recipe } = fieldsOf(report)
  const { total } = fieldsOf(seconds)
  if (status !== 'done' || typeof planned !== 'number' || typeof total !== 'number') return null
  const ratio = total / planned
  // Older versions planned by other rates.
  if (rates !== 'usual' && rates !== 'measured') return null
  if (!(total >= leastSeconds && planned > 0 && ratio > 0.01 && ratio < 100)) return null
  const recoveries = recoveriesOf(fieldsOf(recipe).recover as Recipe['recover'])
  return { gpu: fieldsOf(device).device !== 'cpu', modes: modesOf(recoveries), measured: rates === 'measured', ratio }
}

function modesOf(recoveries: readonly unknown[]): string {
  return recoveries.map((one) => String(fieldsOf(one).mode)).join()
}

/**
 * The pace on this device, from runs that were planned by rates of the same kind: those with the same recoveries where there are
 * any, else all. The range is that of the ratios, widened by 30 % over their number: one run says little of the next.
 */
export function paceOf(
  { recover }: Pick<ResolvedRecipe, 'recover'>,
  { gpu, rates }: Pick<MachineFacts, 'gpu' | 'rates'>,
  past: readonly PastRun[],
): Pace {
  const measured = rates !== undefined && gpu !== true
  const here = past.filter((run) => run.gpu === (gpu === true) && run.measured === measured)
  const alike = here.filter(({ modes }) => modes === modesOf(recover))
  const ratios = (alike.length > 0 ? alike : here).slice(0, mostRuns).map(({ ratio }) => ratio)
  if (ratios.length === 0) return measured ? measuredPace : unknownPace
  const wider = 1 + 0.3 / ratios.length
  return { low: Math.min(...ratios) / wider, high: Math.max(...ratios) * wider, runs: ratios.length }
}
