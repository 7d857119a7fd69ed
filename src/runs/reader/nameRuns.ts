// What the recipes of runs side by side say of each: a name, facts for columns, the settings that differ.
import { runFacts, varyingSettings } from '../compared/comparedRun.ts'
import { plannedNames, shortNames } from '../compared/shortNames.ts'
import type { RunReader } from './runReader.ts'

/** `isPlanned`: the plan's recipes and settings count, which of runs that wait are the only ones. */
export function nameRuns(runs: readonly RunReader[], isPlanned: boolean): void {
  const recipes = runs.map(({ recipe, place }) => (isPlanned ? place.recipe : (recipe ?? place.recipe)) ?? null)
  const named = runs.map(({ place: { name }, settings }, i) => ({ name, settings, recipe: recipes[i] }))
  const labels = isPlanned ? plannedNames(named) : shortNames(named)
  const varying = isPlanned ? null : varyingSettings(recipes)
  for (const [i, run] of runs.entries()) {
    run.label = labels[i]
    run.facts = runFacts(recipes[i])
    if (varying) run.settings = varying[i]
  }
}
