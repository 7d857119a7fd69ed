// Sweeps: what they vary, how much, and whether each of their runs is right.
import { isNode } from 'yaml'
import { expandSweep, type SweepProblem, type SweepRun } from '../../sweep/expandSweep.ts'
import { countRuns } from '../../sweep/settingsOfRuns.ts'
import type { LintContext } from '../context.ts'
import { replaceRange } from '../edits.ts'
import type { Fix } from '../finding.ts'
import { defineRule } from '../rule.ts'

/** A setting or its value, rather than the sweep as a whole. */
const isOfSetting = ({ at }: SweepProblem) => ('key' in at ? at.key : at).length > 1

export const s9 = defineRule({
  id: 'S9',
  severity: 'error',
  title: 'A sweep of something that cannot be swept',
  why: 'The keys of `sweep`, and of `set` in its cases, are paths of settings, such as `prune.0.sparsity`, and each value is tried in its place: the path must exist in the format and each value must be valid there.',
  bad: 'prune: [{sparsity: 0.5}]\nsweep: {"prune.0.sparsty": [0.4, 0.5]}',
  good: 'prune: [{sparsity: 0.5}]\nsweep: {"prune.0.sparsity": [0.4, 0.5]}',
  *check(context) {
    const { problems } = expandSweep(context.recipe)
    for (const problem of problems.filter(isOfSetting)) yield { ...problem, fixes: renaming(context, problem) }
  },
})

function renaming({ document }: LintContext, { at, meant }: SweepProblem): Fix[] {
  const key = 'key' in at ? document.pairAt(at.key)?.key : null
  if (meant === undefined || !isNode(key) || !key.range) return []
  const better = JSON.stringify(meant)
  return [{ title: `Rename to ${better}`, edits: [replaceRange(document, key.range[0], key.range[1], better)] }]
}

export const s12 = defineRule({
  id: 'S12',
  severity: 'error',
  title: 'A sweep that makes no list of runs',
  why: 'A sweep is lists of values, whose combinations are run, or `cases` with a name each. Runs are told apart by their names and by where they save, and no more than 1,000 are planned.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}\nsweep: {seed: [0, 1], cases: [{name: a, set: {seed: 2}}]}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}\nsweep: {cases: [{name: a, set: {seed: 2}}, {name: b, set: {seed: 3}}]}',
  *check({ recipe }) {
    for (const problem of expandSweep(recipe).problems) if (!isOfSetting(problem)) yield problem
  },
})

/** An editor lints on every key stroke; `sparsescope sweep plan` looks at all runs. */
const mostLinted = 24

export const s13 = defineRule({
  id: 'S13',
  severity: 'error',
  title: 'A run of the sweep that would be refused',
  why: 'Every run of a sweep is a recipe by itself, and a value that is valid alone may be none beside the others. The editor looks at each value once; `sparsescope sweep plan` at every run.',
  bad: 'prune: [{method: magnitude, sparsity: 0.3}]\nsave: {to: out}\nsweep: {"prune.0.method": [magnitude, wanda]}',
  good: 'prune: [{method: magnitude, sparsity: 0.3}]\nsave: {to: out}\nsweep: {"prune.0.method": [magnitude, random]}',
  *check({ recipe }, lintOther) {
    const { runs } = expandSweep(recipe)
    if (runs.length === 0) return
    const { sweep: _, ...base } = recipe
    const errorsOf = (one: typeof recipe) => lintOther(one).filter(({ severity }) => severity === 'error')
    // What is wrong without the sweep is told at its own place.
    const told = new Set(errorsOf(base).map(({ message }) => message))
    for (const run of eachValueOnce(runs).slice(0, mostLinted))
      for (const { message } of errorsOf(run.recipe)) {
        if (told.has(message)) continue
        told.add(message)
        yield { at: { key: ['sweep'] }, message: `The run ${run.name} would be refused: ${message}` }
      }
  },
})

/** Runs in which some setting has a value that it has in none before. */
function eachValueOnce(runs: readonly SweepRun[]): SweepRun[] {
  const seen = new Set<string>()
  return runs.filter(({ settings }) => {
    const before = seen.size
    for (const setting of Object.entries(settings)) seen.add(JSON.stringify(setting))
    return seen.size > before
  })
}

const many = 50

export const g4 = defineRule({
  id: 'G4',
  severity: 'warning',
  title: 'A very large sweep',
  why: 'A sweep runs every combination of its values.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}\nsweep: {seed: [0, 1, 2, 3, 4, 5, 6, 7], prune.0.sparsity: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}\nsweep: {seed: [0, 1, 2]}',
  *check({ recipe }) {
    const runs = countRuns(recipe.sweep ?? {})
    if (runs > many) yield { at: { key: ['sweep'] }, message: `This sweep makes ${runs} runs.` }
  },
})
