// What stands above several runs: of which model, of which day, and which is best.
import { andList } from '../../formatting/lists.ts'
import { plural } from '../../formatting/plural.ts'
import type { FoldedRun } from './foldSeeds.ts'
import { measureNamed } from './measures.ts'

export interface ComparisonTitle {
  /** "opt-125m, 2026-12-31" */
  readonly title: string
  /** "6 runs. Best: wanda 50 % · recon, perplexity 31.20." */
  readonly about: string
}

const mostModels = 2

/** `date`: of the latest run; empty where nobody knows. */
export function comparisonTitle(runs: readonly FoldedRun[], date: string): ComparisonTitle {
  const models = [...new Set(runs.map(({ facts }) => facts.model).filter((model) => model !== ''))]
  const what = models.length > mostModels ? plural(models.length, 'model') : andList(models)
  const count = runs.reduce((sum, { members }) => sum + members.length, 0)
  const best = bestText(runs)
  return {
    title: [what, date].filter(Boolean).join(', ') || plural(count, 'run'),
    about: [`${plural(count, 'run')}.`, ...(best === null ? [] : [`Best: ${best}.`])].join(' '),
  }
}

/** By perplexity, else by accuracy, of the last stage that each has reached. null: there is nothing to choose from. */
function bestText(runs: readonly FoldedRun[]): string | null {
  for (const { title, of, format, better } of ['perplexity', 'accuracy'].map(measureNamed)) {
    const measured = runs.flatMap((run) => {
      const spread = of(run)
      return spread ? [{ label: run.label, value: spread.median }] : []
    })
    if (measured.length < 2) continue
    const best = measured.reduce((a, b) => ((better === 'low' ? b.value < a.value : b.value > a.value) ? b : a))
    return `${best.label}, ${title} ${format(best.value)}`
  }
  return null
}
