// Each run of a sweep beside its model, data and output: what is wrong with it, and what it would take.
import { noFacts } from '../../shared/recipe/facts.ts'
import { estimateRunOfSweep, type RunOfSweepEstimates } from '../../shared/sweep/sweepEstimates.ts'
import type { SweepRun } from '../../shared/recipe/sweep/expandSweep.ts'
import { EngineError, throwIfCancelled } from '../errors.ts'
import { lintText } from '../facts/lintFile.ts'
import { recipeYaml, severitiesOf, type RecipeFile } from '../run/open/recipeFile.ts'

export interface RunsOfRecipe {
  readonly file: RecipeFile
  readonly runs: readonly SweepRun[]
}

export interface CheckOptions {
  /** Memory of one run; default: half of what is free. */
  readonly memoryBytes?: number
  readonly signal?: AbortSignal
}

export interface CheckedRuns {
  /** By run. */
  readonly estimates: readonly RunOfSweepEstimates[]
  /** Warnings of the rules. One that hundreds of runs share, each about its own output, is told once. */
  readonly warnings: readonly string[]
}

/** All rules. @throws EngineError 'bad-recipe' that names the run. */
export async function lintRuns(runs: RunsOfRecipe, options: CheckOptions): Promise<CheckedRuns> {
  return checkRuns(runs, options, ({ name }, wrong) => {
    throw new EngineError('bad-recipe', `the run ${name}: ${wrong}`)
  })
}

/** Estimates by run. Findings of lint do not count: a sweep that has begun may have its outputs there. */
export async function estimateRuns(runs: RunsOfRecipe, options: CheckOptions): Promise<readonly RunOfSweepEstimates[]> {
  return (await checkRuns(runs, options, () => undefined)).estimates
}

async function checkRuns(
  { file, runs }: RunsOfRecipe,
  { memoryBytes, signal }: CheckOptions,
  onWrong: (run: SweepRun, wrong: string) => void,
): Promise<CheckedRuns> {
  const estimates: RunOfSweepEstimates[] = []
  const warned = new Map<string, Set<string>>()
  const lintOptions = { folder: file.folder, memoryBytes, severities: severitiesOf(file) }
  for (const run of runs) {
    throwIfCancelled(signal)
    const { findings, context, facts } = await lintText(recipeYaml(run.recipe), lintOptions)
    const wrong = findings.find(({ severity }) => severity === 'error')
    if (wrong) onWrong(run, wrong.message)
    // The second of a rule in one run says something else than its first.
    const seen = new Map<string, number>()
    for (const { rule, severity, message } of findings) {
      if (severity !== 'warning') continue
      const nth = seen.get(rule) ?? 0
      seen.set(rule, nth + 1)
      const kind = `${rule} ${nth}`
      warned.set(kind, (warned.get(kind) ?? new Set()).add(message))
    }
    estimates.push(estimateRunOfSweep(context.resolved, facts ?? noFacts))
  }
  const warnings = [...warned.values()].map((messages) => {
    const [first] = messages
    return messages.size > 1 ? `${first} And ${messages.size - 1} more like it.` : first
  })
  return { estimates, warnings }
}
