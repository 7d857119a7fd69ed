// Cost of pruning beside the forward passes: statistics of the inputs, what linears with the same input share, and
// each matrix by itself. Numbers come from the methods' rows.
import { parseNm } from '../catalog/formats/sparsity.ts'
import { sum } from '../formatting/lists.ts'
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import type { Slot } from '../catalog/families/familySpec.ts'
import { linearsOfBlock, tokenShare, type BlockLinear } from '../catalog/families/parameters.ts'
import { leastSquaresOperations } from '../catalog/methods/alps.ts'
import { noCost, type Cost, type Statistic } from '../catalog/methods/method.ts'
import { methodOf } from '../catalog/methods/methods.ts'
import { createSelection } from '../recipe/match.ts'
import { swapsWeights, type ResolvedPruneStep, type ResolvedRecipe, type ResolvedRecover } from '../recipe/resolve.ts'

export interface PruneCost {
  /** Multiply-adds in f32, for the whole model. */
  readonly operations: number
  /** Peak bytes beside the block itself, for the block that needs most. */
  readonly bytes: number
  /** Bytes where Hessians are gathered one at a time. */
  readonly leastBytes: number
  /** The part of `bytes` that solving takes once the statistics are there. */
  readonly solvingBytes: number
}

/** Partial sums of squares that each input has at most. */
const partialSums = 128

const statisticBytes: Record<Statistic, (columns: number) => number> = {
  nothing: () => 0,
  norms: (columns) => 4 * partialSums * columns,
  hessian: (columns) => 4 * columns ** 2,
}

/** Multiply-adds; of a Hessian, which is symmetric, half are computed. */
export const statisticOperations: Record<Statistic, (columns: number, tokens: number) => number> = {
  nothing: () => 0,
  norms: (columns, tokens) => columns * tokens,
  hessian: (columns, tokens) => (columns ** 2 * tokens) / 2,
}

/** The swaps of a matrix take about as long as this many products of a certificate, as measured on SmolLM2. */
const swapFactor = 18

/** Rounds in which `reorder` improves the order of channels: in each, every group exchanges one channel. */
export const exchangeRounds = 32
/** Most groups that exchange with each other: the assignment costs the cube of their number, its gains the square. */
export const mostExchanging = 256
/** Cost of the gain of one row, in multiply-adds of a thread: it is a few operations of JavaScript. */
const gainFactor = 60

/** The work on each block in one pass. */
export interface BlockWorkPlan {
  /** If false, the blocks are pruned already. */
  readonly prunes: boolean
  readonly recoveries: readonly ResolvedRecover[]
}

export function pruneCost(
  { prune, calibration }: ResolvedRecipe,
  config: ModelConfig,
  { prunes, recoveries }: BlockWorkPlan,
): PruneCost {
  const tokens = calibration ? calibration.samples * calibration.seq_len : 0
  const refits = recoveries.flatMap(({ mode, steps }) => (mode === 'refit' ? [steps] : []))
  const selections = prune.map(({ targets, ignore }) => createSelection(targets, ignore))
  const known = new Map<string, ReturnType<typeof stepCost>>()
  let [operations, bytes, leastBytes, solvingBytes] = [0, 0, 0, 0]
  for (let block = 0; block < config.numBlocks; block++) {
    const linears = linearsOfBlock(config, block).map((linear) => ({ ...linear, className: linear.kind }))
    const costs = prune.map((step, i) => {
      const chosen = linears.filter(selections[i])
      // Blocks with the same pruned linears cost the same. The cache matters: an editor asks on every key stroke.
      const key = `${i} ${chosen.map(({ slot, expert }) => `${slot} ${expert}`).join()}`
      const cost = known.get(key) ?? stepCost(config, step, chosen, tokens, { prunes, refits })
      known.set(key, cost)
      return cost
    })
    operations += sum(costs.map((cost) => cost.operations))
    const working = Math.max(0, ...costs.map((cost) => cost.working))
    solvingBytes = Math.max(solvingBytes, working)
    bytes = Math.max(bytes, sum(costs.map((cost) => cost.statistics)) + working)
    leastBytes = Math.max(leastBytes, Math.max(0, ...costs.map((cost) => cost.largestStatistic)) + working)
  }
  // A refit needs all Hessians at the end.
  return { operations, bytes, leastBytes: refits.length > 0 ? bytes : leastBytes, solvingBytes }
}

/** Cost of one step in one block. The statistics of all inputs are in memory together, while linears are solved one at a time. */
function stepCost(
  config: ModelConfig,
  step: ResolvedPruneStep,
  linears: readonly BlockLinear[],
  tokens: number,
  { prunes, refits }: { prunes: boolean; refits: readonly number[] },
) {
  const { needs: ownNeeds, cost } = methodOf(step.method)
  const swaps = prunes && swapsWeights(step)
  const needs = refits.length > 0 || swaps ? 'hessian' : prunes ? ownNeeds : 'nothing'
  const inputs = new Map(linears.map(({ inputKey, shape }) => [inputKey, shape[1]]))
  const experts = new Map(linears.map(({ inputKey, expert }) => [inputKey, expert]))
  const shared = [...inputs.values()].map((columns) => (prunes ? cost.shared(columns) : noCost))
  const matrices = linears.map(({ shape: [rows, columns] }) => {
    const chosen = prunes ? cost.matrix(rows, columns, step) : noCost
    const seen = swaps || (prunes && ownNeeds === 'hessian')
    return refitted(seen ? certified(chosen, rows, columns, swaps) : chosen, rows, columns, refits)
  })
  const orders = prunes && step.reorder ? linears.map((linear) => reordered(config, step.pattern, linear)) : []
  const seen = [...inputs].map(([key, columns]) =>
    statisticOperations[needs](columns, tokens * tokenShare(config, experts.get(key) ?? null)),
  )
  return {
    operations: sum([...seen, ...[...shared, ...matrices, ...orders].map((c) => c.operations)]),
    statistics: sum([...inputs.values()].map(statisticBytes[needs])),
    largestStatistic: Math.max(0, ...[...inputs.values()].map(statisticBytes[needs])),
    working: Math.max(most(shared) + most(matrices), most(orders)),
  }
}

/** Adds the product that a certificate needs. Swaps take `swapFactor` such products. The residual, its product and a copy are in memory. */
function certified({ operations, bytes }: Cost, rows: number, columns: number, swaps: boolean): Cost {
  return {
    operations: operations + (swaps ? swapFactor : 1) * rows * columns ** 2,
    bytes: Math.max(bytes, (swaps ? 4 * columns ** 2 : 0) + 3 * 4 * rows * columns),
  }
}

const lastOfMlp: readonly Slot[] = ['mlp.down', 'moe.down', 'moe.sharedDown']

/** Cost of ordering the inputs of an MLP's last matrix, or of attention's. Memory: a copy of the Hessian, its factor, losses twice. */
function reordered(config: ModelConfig, pattern: string, { slot, shape: [rows, columns] }: BlockLinear): Cost {
  const ofHeads = slot === 'attn.out' && config.projection === 'separate'
  const ofMlp = lastOfMlp.includes(slot) && config.mlp !== 'gatedFused'
  const nm = parseNm(pattern)
  if (!nm || !(ofHeads || ofMlp)) return noCost
  const size = ofHeads ? config.headDim : columns
  const groups = size / nm.m
  const [whole, rest] = [Math.floor(groups / mostExchanging), groups % mostExchanging]
  const gains = exchangeRounds * (whole * mostExchanging ** 2 + rest ** 2) * (columns / size) * rows
  return { operations: gainFactor * gains, bytes: 8 * columns ** 2 + 8 * rows * columns }
}

/** Adds the least squares of the kept weights for each refit, and its errors before and after. */
function refitted({ operations, bytes }: Cost, rows: number, columns: number, refits: readonly number[]): Cost {
  if (refits.length === 0) return { operations, bytes }
  const errors = 2 * rows * columns ** 2
  return {
    operations: operations + sum(refits.map((steps) => leastSquaresOperations(rows, columns, steps) + errors)),
    bytes: Math.max(bytes, 4 * columns ** 2 + 8 * 4 * rows * columns),
  }
}

const most = (costs: readonly { bytes: number }[]): number => Math.max(0, ...costs.map(({ bytes }) => bytes))
