// Whether a recipe can afford to be measured in the middle of a recovery. What a run does is counted as tokens that pass forward
// through the whole model, a backward pass as two of them, so that the answer is the same on every machine.
import { batchDefaults } from '../defaults.ts'
import type { RecoverMode } from '../modes.ts'

/** Most of a run's passes that measuring in between may take. */
const mostShare = 0.1

export interface CountedRun {
  readonly recoveries: readonly RecoverMode[]
  readonly steps: number
  /** null: not known. */
  readonly blocks: number | null
  readonly samples: number
  readonly seqLen: number
  /** Pruning, or its spread, looks at the calibration text. */
  readonly pruningLooks: boolean
  /** Retraining compares with the dense model. */
  readonly comparesWithDense: boolean
  /** Stages at whose end it is measured. */
  readonly stages: number
  /** Tokens of the text that it is measured on. */
  readonly evaluationTokens: number
}

const isWalk = (mode: RecoverMode | undefined) => mode === 'reconstruct' || mode === 'refit'

/** Whether measurements after each `every` steps of a retraining, or blocks of a walk, take a tenth of the run at most. */
export function isCheapToMeasure(run: CountedRun, every: number): boolean {
  const { recoveries, steps, blocks, evaluationTokens, stages } = run
  // Recoveries of blocks that follow each other share a walk, whose last block ends it.
  const walks = recoveries.filter((mode, i) => isWalk(mode) && !isWalk(recoveries[i - 1])).length
  const retrainings = recoveries.filter((mode) => mode === 'retrain').length
  const times = retrainings * Math.floor(steps / every) + walks * Math.floor(((blocks ?? 1) - 1) / every)
  const between = times * evaluationTokens
  return between <= mostShare * (between + stages * evaluationTokens + trainedTokens(run))
}

/** Passes of pruning and recovering. What pruning computes from its statistics is not counted. */
function trainedTokens({ recoveries, steps, samples, seqLen, pruningLooks, comparesWithDense }: CountedRun): number {
  const { batch_size: batch, grad_accumulation: batches } = batchDefaults
  // Once through the dense blocks, once through the pruned ones.
  const walk = 2 * samples * seqLen
  const forwardAndBackward = 3 * steps * batch * batches * seqLen
  const perMode: Readonly<Record<RecoverMode, number>> = {
    merge: 0,
    refit: walk,
    // Its errors are measured before and after; each block takes all steps.
    reconstruct: 2 * walk + forwardAndBackward,
    retrain: forwardAndBackward + (comparesWithDense ? forwardAndBackward / 3 : 0),
  }
  return recoveries.reduce((sum, mode) => sum + perMode[mode], pruningLooks ? walk : 0)
}
