// A pass over the blocks of the dense model that changes nothing: of each matrix, what its input is like, what pruning it in
// several ways would cost its output, and what pruning it alone does to the model's loss.
import type { MeasuredModule } from '../../plan/analysis.ts'
import type { Candidate } from '../../plan/candidates.ts'
import type { PruneEntry } from '../../plan/pruneEntry.ts'
import { breathe } from '../breathe.ts'
import { embedAll, type Flow, runBlock } from '../blocks/flow.ts'
import type { Activations } from '../blocks/activations.ts'
import { hessianGroups } from '../blocks/pruneInGroups.ts'
import type { Block } from '../model/block.ts'
import type { PruneHost } from '../prune/host.ts'
import { normsOf, requireFiniteInputs, Statistics } from '../prune/statistics.ts'
import { measureErrors, type PrunedWeights } from './moduleErrors.ts'
import type { BlockFigures } from './analysisStore.ts'
import type { SensitivityProbe } from './sensitivity.ts'
import { outlierThreshold } from '../../catalog/allocations/owl.ts'
import { Arena } from '../compute/arena.ts'
import { type Backend, readF32 } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { Linear } from '../model/module.ts'
import { outlierPercentage } from '../prune/allocations.ts'
import { readDiagonal } from '../prune/methods/hessian.ts'

interface BlockAnalysis {
  readonly flow: Flow
  readonly host: PruneHost
  readonly probe: SensitivityProbe | null
  /** Most bytes of Hessians and their factors; with less, a block is run several times. */
  readonly statisticBytes: number
  readonly seed: number
  readonly warn: (message: string) => void
}

/** What is measured in a block. */
export interface BlockWork {
  /** The ways of pruning to measure. Sensitivities are measured with the first. */
  readonly candidates: readonly Candidate[]
  /** Whether sensitivities are measured too. */
  readonly senses: boolean
}

/** `work` has an item for each block from the first on. A block without candidates only passes states on. Yields new figures. */
export async function* analyseBlocks(
  analysis: BlockAnalysis,
  work: readonly BlockWork[],
): AsyncGenerator<BlockFigures, void, undefined> {
  const { flow } = analysis
  const { stream, signal } = flow
  const hidden = await embedAll(flow)
  try {
    for (const [index, own] of work.entries()) {
      await breathe(signal)
      const block = await stream.load(index)
      try {
        if (own.candidates.length === 0) await runBlock(flow, block, hidden, hidden)
        else yield await analyseBlock(analysis, own, block, hidden)
      } finally {
        stream.release(block)
      }
    }
  } finally {
    await hidden.close()
  }
}

/** Measures a block, whose weights stay as they are; `hidden` then holds its outputs. */
async function analyseBlock(
  analysis: BlockAnalysis,
  { candidates, senses }: BlockWork,
  block: Block,
  hidden: Activations,
): Promise<BlockFigures> {
  const { flow, statisticBytes } = analysis
  const probe = senses ? analysis.probe : null
  const { linears } = block
  const modules = new Map<string, MeasuredModule>()
  const pruned: PrunedWeights | null = probe && new Map()
  const before = await probe?.inputsOf(hidden)
  // Where the Hessians of all inputs do not fit, the block runs once for each group of them. The last run passes the states on.
  const groups = hessianGroups(linears, () => true, statisticBytes)
  for (const [i, group] of groups.entries()) {
    const isLast = i === groups.length - 1
    const entryOf = (): PruneEntry => candidates[0].entry
    const statistics = new Statistics(flow.backend, flow.set.windows, entryOf, ['norms', 'hessian'], group)
    try {
      const quiet = isLast ? flow : { ...flow, onWindows: () => undefined }
      await runBlock(quiet, block, hidden, isLast ? hidden : null, statistics)
      for (const linear of linears) {
        if (!group.has(linear.inputKey)) continue
        const { name } = linear
        const activation = await activationOf(flow.backend, linear, statistics)
        modules.set(name, { name, block: block.index, activation, errors: [], sensitivity: null })
      }
      const chosen = linears.filter(({ inputKey }) => group.has(inputKey))
      for (const [name, errors] of await measureErrors({
        ...analysis,
        candidates,
        linears: chosen,
        statistics,
        pruned,
      }))
        modules.get(name)?.errors.push(...errors)
    } finally {
      statistics.close()
    }
  }
  const losses = probe && before && pruned ? await probe.lossesOf(block, before, pruned) : new Map<string, number>()
  const measured = linears.flatMap(({ name }) => {
    const module = modules.get(name)
    return module ? [{ ...module, sensitivity: losses.get(name) ?? null }] : []
  })
  const ways = candidates.map(({ method, sparsity, pattern }) => ({ method, sparsity, pattern }))
  return { block: block.index, modules: measured, ways, senses }
}

// Figures of a matrix's input: root mean square, outliers and effective rank (docs/methods.md, "Inputs of a matrix").

/** null when the input was never seen. @throws EngineError 'numeric' when it was not finite. */
async function activationOf(
  backend: Backend,
  { name, weight, inputKey }: Linear,
  statistics: Statistics,
): Promise<MeasuredModule['activation']> {
  const tokens = statistics.tokensOf(inputKey)
  const [squares, hessian] = [await statistics.meanSquares(inputKey), statistics.hessian(inputKey)]
  if (!squares || !hessian || tokens === 0) return null
  const mean = (squares.reduce((a, b) => a + b, 0) * statistics.windows) / tokens / squares.length
  requireFiniteInputs(name, mean)
  return {
    norm: Math.sqrt(mean),
    outliers: outlierPercentage(
      [{ weight: await readF32(backend, weight), norms: normsOf(squares) }],
      outlierThreshold,
    ),
    effective_rank: await participationRatio(backend, hessian),
  }
}

/** (tr H)² / ‖H‖²_F; null for a matrix of zeros. H is not centred, since pruning does not centre inputs either. */
async function participationRatio(backend: Backend, hessian: Tensor): Promise<number | null> {
  using arena = new Arena(backend)
  const sum = arena.allocate([1])
  backend.kernels.fill(sum, 0)
  backend.kernels.sumSquares(sum, hessian)
  const [squares] = await readF32(backend, sum)
  const trace = (await readDiagonal(backend, hessian)).reduce((a, b) => a + b, 0)
  return squares > 0 ? trace ** 2 / squares : null
}
