// When a loss counts as diverging: far above anything that a working run shows, so that a noisy batch never stops one.

/**
 * Retraining: twice the larger of the first loss and ln V, the loss of guessing all V tokens alike. A model above it is
 * worse than one that knows nothing, and not because it started there.
 */
export function retrainCeiling(firstLoss: number, vocabSize: number): number {
  return 2 * Math.max(firstLoss, Math.log(vocabSize))
}

/**
 * Reconstruction: a hundred times the error that pruning alone left (batches differ among themselves by far less), or,
 * where pruning left next to none, the mean square of the outputs.
 */
export function reconstructCeiling(errorBefore: number, targetMeanSquare: number): number {
  return Math.max(100 * errorBefore, targetMeanSquare)
}
