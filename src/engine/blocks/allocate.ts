// Sparsities of the blocks from a measure of the dense model, which runs once over the calibration set before anything is pruned; and
// the loss to which they lead.
import { allocationOf } from '../../catalog/allocations/allocations.ts'
import type { MeasuredBlock } from '../../catalog/allocations/allocation.ts'
import type { PruneEntry } from '../../plan/pruneEntry.ts'
import { readF32 } from '../compute/backend.ts'
import { measures, type SeenLinear } from '../prune/allocations.ts'
import { normsOf, requireFiniteInputs } from '../prune/statistics.ts'
import { eachMeasured, embedAll, type Flow, runBlock, windowOf } from './flow.ts'
import { Arena } from '../compute/arena.ts'
import { breathe } from '../breathe.ts'
import type { Decoder } from '../model/decoder.ts'
import { type BlocksOptions, processBlocks } from './processBlocks.ts'

/** The entries with the sparsities that their measures give them. @throws EngineError 'numeric' */
export async function allocate(flow: Flow, entries: readonly PruneEntry[]): Promise<PruneEntry[]> {
  const blocksOf = entries.map(() => new Map<number, MeasuredBlock & { names: string[] }>())
  const entryOf = (name: string) => entries.find(({ measure, sparsities }) => measure && sparsities.has(name))
  const needed = [...new Set(entries.flatMap(({ measure }) => (measure ? allocationOf(measure.name).needs : [])))]
  await eachMeasured(flow, entryOf, needed, async (block, statistics, index) => {
    for (const [i, { measure, sparsities }] of entries.entries()) {
      const linears = block.linears.filter((linear) => sparsities.has(linear.name))
      if (!measure || linears.length === 0) continue
      const seen = await Promise.all(
        linears.map(async ({ weight, inputKey }): Promise<SeenLinear> => {
          const squares = await statistics.meanSquares(inputKey)
          return { weight: await readF32(flow.backend, weight), norms: squares && normsOf(squares) }
        }),
      )
      const value = measures[measure.name]?.(seen, measure.settings) ?? 0
      for (const { norms } of seen) norms?.forEach((norm) => requireFiniteInputs(`block ${index}`, norm))
      const size = linears.reduce((n, { weight }) => n + weight.length, 0)
      blocksOf[i].set(index, { size, value, names: linears.map((linear) => linear.name) })
    }
  })
  return entries.map((entry, i) => spreadOver(entry, [...blocksOf[i].values()]))
}

/** Spreads an entry's sparsity over the blocks by their measures. Linears of a block with sparsity 0 are left out. */
function spreadOver(entry: PruneEntry, blocks: readonly (MeasuredBlock & { names: readonly string[] })[]): PruneEntry {
  if (!entry.measure) return entry
  const { name, sparsity, settings } = entry.measure
  const spread = allocationOf(name).spread?.(blocks, sparsity, settings) ?? []
  const sparsities = blocks.flatMap(({ names }, i) => names.map((linear) => [linear, spread[i]] as const))
  return { ...entry, sparsities: new Map(sparsities.filter(([, value]) => value > 0)) }
}

/**
 * Mean nll of each window of `judged` under the model as `options` prune it; nothing of that model is kept. `decoder` is the dense
 * model's, and only its head is used. Results may be NaN or infinite.
 */
export async function prunedLosses(options: BlocksOptions, judged: Flow, decoder: Decoder): Promise<number[]> {
  const { backend, set, stream, signal } = judged
  const hidden = await embedAll(judged)
  try {
    for await (const { block } of processBlocks(options)) await runBlock(judged, block, hidden, hidden)
    const losses: number[] = []
    for (let w = 0; w < set.windows; w++) {
      await breathe(signal)
      using arena = new Arena(backend)
      const output = await hidden.load(arena, w, w + 1)
      const nll = await decoder.nllFrom(stream.blockCount, output, windowOf(set, w), { signal })
      losses.push(nll.reduce((a, b) => a + b, 0) / (set.seqLen - 1))
    }
    return losses
  } finally {
    await hidden.close()
  }
}
