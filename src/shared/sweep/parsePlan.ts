// The files of a sweep's folder as the editor reads them. They may be anybody's; by hand and not by zod, which the extension's
// bundle goes without.
import type { NamedSettings } from './settings.ts'

export interface Plan {
  readonly id: string
  readonly runs: readonly NamedSettings[]
}

/** More than any plan has (`mostRuns`). */
const mostRuns = 1000

/** plan.json. @throws Error with a sentence for people. */
export function parsePlan(text: string): Plan {
  const { id, runs } = fieldsOf(JSON.parse(text))
  if (typeof id !== 'string' || !/^[0-9a-f]{16}$/.test(id)) throw new Error('it has no id')
  if (!Array.isArray(runs) || runs.length > mostRuns) throw new Error(`it has no list of at most ${mostRuns} runs`)
  return {
    id,
    runs: runs.map((run: unknown, i) => {
      const { index, name, settings } = fieldsOf(run)
      if (index !== i || typeof name !== 'string') throw new Error(`its run ${i} has no name, or not this number`)
      return { name, settings: fieldsOf(settings) }
    }),
  }
}

/** Indices of runs in cancelled.json; none if it is damaged. */
export function parseCancelled(text: string): ReadonlySet<number> {
  try {
    const { indices } = fieldsOf(JSON.parse(text))
    return new Set(Array.isArray(indices) ? indices.filter((index) => typeof index === 'number') : [])
  } catch {
    return new Set()
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}
