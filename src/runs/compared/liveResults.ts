// Results of a run so far, from its summary: its report is not written before its end.
import { accuraciesOf } from '../series/accuracies.ts'
import { mainPerplexities } from '../series/foldRun.ts'
import type { Outputs, RunResult } from '../series/runResult.ts'
import type { RunSummary } from '../series/runSummary.ts'
import { resultsOfTexts } from '../series/texts.ts'

export function resultOfSummary(summary: RunSummary): Omit<RunResult, Outputs> {
  const { evaluations, elapsed, peakMemoryMb } = summary
  const perplexity: RunResult['perplexity'] = {}
  for (const { stage, perplexity: value } of mainPerplexities(summary)) if (value !== null) perplexity[stage] = value
  const texts = resultsOfTexts(evaluations.filter((one) => one.accuracy === null))
  const { stages: accuracy } = accuraciesOf(evaluations)
  const nothing = { sparsity: null, trainable: null, trainablePercent: null, recoveries: [] }
  return { perplexity, ...texts, accuracy, ...nothing, seconds: elapsed / 1000, peakMemoryMb }
}
