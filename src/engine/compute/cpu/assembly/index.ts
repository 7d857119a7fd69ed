// Every kernel of the CPU backend that is not BLAS. Exports take only addresses, sizes and scalars. Those whose first
// two parameters are `start` and `end` are pool tasks: they work on a range of rows or elements (see ../pool.ts).
export { activation, activationBackward, gated, gatedBackward } from './activations'
export { convert, unpack } from './convert'
export { attentionStep } from './decode'
export { linearRow, pairColumns } from './linearRow'
export {
  add,
  addParts,
  addScaled,
  addSum,
  adamw,
  fill,
  fillHalves,
  fillWords,
  scaledDifference,
  squareParts,
} from './elementwise'
export { sgemm, sgemmPackBytes } from './gemm'
export { layerNorm, layerNormBackward, normGradients, rmsNorm, rmsNormBackward, rope } from './norms'
export {
  columnSquares,
  columnSum,
  copyRows,
  gatherRows,
  mirror,
  rowDot,
  scatterAddRows,
  sumHeads,
  zeroColumns,
} from './rows'
export { distillRows, divergenceRows } from './distill'
export { crossEntropyRows, hideLater, logSumExpRows, scaleTile, softmaxTile, softmaxTileBackward } from './softmax'
export { addWeight, maskRows, scaleGradient, scaleWeight, turnWords } from './weights'
export { copyUpper, inverseFactorBlock } from './factor'
export { countScores, countTies, maskBelow } from './select'
export { selectGroups, selectGroupsScratch } from './selectGroups'
export { selectRows, selectRowsScratch } from './selectRows'
export { sparseGptScratch, sparseGptTile } from './sparseGpt'
export { correlationPeaks, swapRows, swapScratch } from './swaps'
