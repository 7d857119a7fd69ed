// Each run of a sweep beside its model, data and output: what is wrong with it, and what it would take.
import { noFacts } from '../../recipe/facts.ts'
import type { Finding } from '../../recipe/finding.ts'
import { findRule } from '../../lint/lint.ts'
import { estimateRunOfSweep, type RunOfSweepEstimates } from '../../runs/compared/sweepEstimates.ts'
import type { SweepRun } from '../../recipe/sweep/expandSweep.ts'
import { EngineError, throwIfCancelled } from '../errors.ts'
import { lintRecipe } from '../run/open/lintRecipe.ts'
import type { RecipeFile } from '../run/open/recipeFile.ts'
import { fileOfRun } from './planSweep.ts'

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
  /** What lint warns of. One that hundreds of runs share, each about its own output, is told once. */
  readonly warnings: readonly string[]
}

/** Before the sweep begins. @throws EngineError 'bad-recipe' for an error of a run, which it names. */
export async function lintRuns(runs: RunsOfRecipe, options: CheckOptions): Promise<CheckedRuns> {
  return checkRuns(runs, options, ({ name }, findings) => {
    const wrong = findings.find(({ severity }) => severity === 'error')
    if (wrong) throw new EngineError('bad-recipe', `the run ${name}: ${wrong.message}`)
    return findings
  })
}

/** A sweep that has begun may have its outputs there. */
export async function lintBegunRuns(runs: RunsOfRecipe, options: CheckOptions): Promise<CheckedRuns> {
  return checkRuns(runs, options, (_, findings) => findings.filter(({ name }) => findRule(name)?.needs !== 'output'))
}

async function checkRuns(
  { file, runs }: RunsOfRecipe,
  { memoryBytes, signal }: CheckOptions,
  told: (run: SweepRun, findings: readonly Finding[]) => readonly Finding[],
): Promise<CheckedRuns> {
  const estimates: RunOfSweepEstimates[] = []
  const warned = new Map<string, Set<string>>()
  for (const run of runs) {
    throwIfCancelled(signal)
    const { findings, context, facts } = await lintRecipe(fileOfRun(file, run), { memoryBytes })
    // The second of a rule in one run says something else than its first.
    const seen = new Map<string, number>()
    for (const { rule, severity, message } of told(run, findings)) {
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
