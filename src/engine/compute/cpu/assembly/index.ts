// Every kernel of the CPU backend that is not BLAS. Exports take only addresses, sizes and scalars. Those whose first
// two parameters are `start` and `end` are pool tasks: they work on a range of rows or elements (see ../pool.ts).
export { sgemm, sgemmPackBytes } from './gemm'
export { countScores, countTies, maskBelow, maskGroups, maskGroupsScratch, maskRows, maskRowsScratch } from './select'
export { sparseGptScratch, sparseGptTile } from './sparseGpt'
export { copyBlock, copyUpper, inverseFactorBlock } from './factor'
