// What the recipes of runs side by side say of each: a name, facts for columns, the settings that differ.
import { runFacts, varyingSettings } from '../compared/comparedRun.ts'
import { plannedNames, shortNames } from '../compared/shortNames.ts'
import type { RunReader } from './runReader.ts'

/** `isPlanned`: the plan's recipes and settings count, which of runs that wait are the only ones. */
export function nameRuns(runs: readonly RunReader[], isPlanned: boolean): void {
  const recipes = runs.map(({ state, place }) => (isPlanned ? place.recipe : (state.recipe ?? place.recipe)) ?? null)
  const known = runs.map(({ place: { name }, named }, i) => ({ name, settings: named.settings, recipe: recipes[i] }))
  const labels = isPlanned ? plannedNames(known) : shortNames(known)
  const varying = isPlanned ? null : varyingSettings(recipes)
  for (const [i, run] of runs.entries())
    run.named = { label: labels[i], facts: runFacts(recipes[i]), settings: varying?.[i] ?? run.named.settings }
}
