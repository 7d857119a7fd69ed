// A block of random weights on the device, random inputs for it, and the time that pruning it takes.
import { upload, type Backend } from '../../src/engine/compute/backend.ts'
import { loadBlock, type Block } from '../../src/engine/model/block.ts'
import { openModel, type Model } from '../../src/engine/model/model.ts'
import type { Tensor } from '../../src/engine/compute/tensor.ts'
import { withPruneHost } from '../../src/engine/prune/host.ts'
import { zerosOf, type Mask } from '../../src/engine/prune/mask.ts'
import { pruneBlock } from '../../src/engine/prune/pruneBlock.ts'
import { Statistics } from '../../src/engine/prune/statistics.ts'
import { createRng } from '../../src/engine/rng.ts'
import type { NmPattern } from '../../src/catalog/formats/sparsity.ts'
import type { MethodName } from '../../src/catalog/methods/methods.ts'
import type { PruneEntry } from '../../src/plan/pruneEntry.ts'
import { memoryCheckpoint } from '../support/memoryCheckpoint.ts'
import { rounded, timed } from './parts/part.ts'
import type { Shape } from './shapes.ts'

export interface RandomBlock {
  readonly model: Model
  readonly block: Block
  readonly shape: Shape
}

export async function randomBlock(backend: Backend, shape: Shape): Promise<RandomBlock> {
  const model = openModel(memoryCheckpoint(shape.config, 0))
  return { model, block: await loadBlock(backend, model, 0, { as: 'f32' }), shape }
}

/** A pool of normal numbers that is used cyclically: its length divides no width, so that no two rows are equal. */
const rng = createRng(1, 'bench gpu')
const pool = Float32Array.from({ length: 1_000_003 }, () => rng.normal())

export function normal(backend: Backend, rows: number, columns: number): Tensor {
  const values = new Float32Array(rows * columns)
  for (let at = 0; at < values.length; at += pool.length)
    values.set(pool.subarray(0, Math.min(pool.length, values.length - at)), at)
  return upload(backend, 'f32', [rows, columns], values)
}

/**
 * Seconds of the statistics on `shape.tokens` tokens and of pruning the block's linears to half, a set of linears with the
 * same input at a time, so that only one Hessian is in memory. Weights are changed.
 */
export async function pruneTimes(
  backend: Backend,
  { block, shape }: RandomBlock,
  method: MethodName,
  pattern: NmPattern | null,
): Promise<{ statistics: number; prune: Record<string, number>; total: number; zeros: number }> {
  const { linears } = block
  const sparsities = new Map(linears.map(({ name }) => [name, 0.5]))
  const entry: PruneEntry = { method, sparsities, pattern, scope: 'tensor', selection: 'exact', settings: {} }
  const prune: Record<string, number> = {}
  let [observing, zeros, size] = [0, 0, 0]
  for (const key of new Set(linears.map(({ inputKey }) => inputKey))) {
    const readers = linears.filter(({ inputKey }) => inputKey === key)
    const statistics = new Statistics(backend, 1, () => entry)
    const input = normal(backend, shape.tokens, readers[0].weight.shape[1])
    observing += await timed(backend, () => statistics.observe(readers, input))
    backend.release(input)
    const context = { backend, entryOf: () => entry, globals: new Map(), seed: 0, warn: console.warn }
    const masks = new Map<string, Mask>()
    const seconds = await withPruneHost(backend, (host) =>
      timed(backend, () => pruneBlock({ ...context, host }, readers, statistics, masks)),
    )
    prune[readers.map(({ name }) => name.split('.').pop()).join(' ')] = rounded(seconds)
    for (const mask of masks.values()) {
      size += mask.rows * mask.columns
      zeros += zerosOf(mask)
    }
    statistics.close()
  }
  const total = observing + Object.values(prune).reduce((a, b) => a + b, 0)
  return { statistics: rounded(observing), prune, total: rounded(total), zeros: rounded(zeros / size) }
}
