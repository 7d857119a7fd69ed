// Pruning on the CPU backend's pool. The operations run before their promise is made, as all of this backend's do.
import type { PruneKernels } from '../../pruneKernels.ts'
import type { Pool } from '../pool.ts'
import { inverseFactor, solve } from './factor.ts'
import { countScores, maskBelow, maskGroups, maskRows } from './select.ts'
import { sparseGptBlock } from './sparseGpt.ts'
import { swapRows } from './swaps.ts'

export function cpuPrune(pool: Pool): PruneKernels {
  return {
    traits: { scoresInF64: true, widestDigit: 16 },
    countScores: async (...args) => countScores(pool, ...args),
    maskBelow: async (...args) => maskBelow(pool, ...args),
    maskRows: async (...args) => maskRows(pool, ...args),
    maskGroups: async (...args) => maskGroups(pool, ...args),
    inverseFactor: (...args) => inverseFactor(pool, ...args),
    factor: (...args) => inverseFactor(pool, ...args, false),
    solve: async (...args) => solve(pool, ...args),
    sparseGptBlock: async (...args) => sparseGptBlock(pool, ...args),
    swapRows: (...args) => swapRows(pool, ...args),
  }
}
