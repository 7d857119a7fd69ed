// Results of a run so far, from its events: its report is not written before its end.
import { accuraciesOf } from '../series/accuracies.ts'
import { mainPerplexities, type RunPicture } from '../series/foldRun.ts'
import type { Outputs, RunResult } from '../series/runResult.ts'
import { resultsOfTexts } from '../series/texts.ts'

export function resultOfPicture(picture: RunPicture): Omit<RunResult, Outputs> {
  const perplexity: RunResult['perplexity'] = {}
  for (const { stage, perplexity: value } of mainPerplexities(picture)) if (value !== null) perplexity[stage] = value
  const texts = resultsOfTexts(picture.evaluations.filter((one) => one.accuracy === null))
  const { stages: accuracy } = accuraciesOf(picture.evaluations)
  const peakMemoryMb = picture.memory?.peakRssMb ?? null
  const nothing = { sparsity: null, trainable: null, trainablePercent: null, recoveries: [] }
  return { perplexity, ...texts, accuracy, ...nothing, seconds: picture.elapsed / 1000, peakMemoryMb }
}
