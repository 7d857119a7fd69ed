import { expandSweep, type SweepRun } from '../../recipe/sweep/expandSweep.ts'
import type { RuleFile } from '../rule.ts'

/** Most runs to lint, because an editor lints on every key stroke; `sparsescope sweep plan` checks all runs. */
const mostLinted = 24

export const rule: RuleFile = {
  id: 'S13',
  severity: 'error',
  title: 'A run of the sweep that would be refused',
  why: 'Every run of a sweep is a recipe by itself, and a value that is valid alone may be invalid beside the others. The editor checks each value once; `sparsescope sweep plan` checks every run.',
  bad: 'prune: [{method: magnitude, sparsity: 0.3}]\nsave: {to: out}\nsweep: {"prune.0.method": [magnitude, wanda]}',
  good: 'prune: [{method: magnitude, sparsity: 0.3}]\nsave: {to: out}\nsweep: {"prune.0.method": [magnitude, random]}',
  *check({ recipe }, all) {
    const { runs } = expandSweep(recipe)
    if (runs.length === 0) return
    const { sweep: _, ...base } = recipe
    const errorsOf = (one: typeof recipe) => all.lint(one).filter(({ severity }) => severity === 'error')
    // Errors that the recipe has without the sweep are reported at their own place.
    const told = new Set(errorsOf(base).map(({ message }) => message))
    for (const run of eachValueOnce(runs).slice(0, mostLinted))
      for (const { message } of errorsOf(run.recipe)) {
        if (told.has(message)) continue
        told.add(message)
        yield { at: { key: ['sweep'] }, message: `The run ${run.name} would be refused: ${message}` }
      }
  },
}

/** Runs in which some setting has a value for the first time. */
function eachValueOnce(runs: readonly SweepRun[]): SweepRun[] {
  const seen = new Set<string>()
  return runs.filter(({ settings }) => {
    const before = seen.size
    for (const setting of Object.entries(settings)) seen.add(JSON.stringify(setting))
    return seen.size > before
  })
}
