// Reorders channels of a block before N:M pruning (docs/methods.md, "Reordered channels"): the inputs of the MLP's last matrix, and the
// value channels within each key/value head. The matrices before and after take the same order, so the block computes the same.
import type { NmPattern } from '../../catalog/formats/sparsity.ts'
import type { PruneEntry } from '../../plan/pruneEntry.ts'
import { Arena } from '../compute/arena.ts'
import { type Backend, readF32, readWide } from '../compute/backend.ts'
import { maskWords } from '../../catalog/formats/maskFile.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { HostArray } from '../dtype.ts'
import { EngineError } from '../errors.ts'
import type { Block } from '../model/block.ts'
import type { Linear } from '../model/module.ts'
import { createRng } from '../rng.ts'
import { channelOrder } from './channelOrder.ts'
import { visitHost } from './host.ts'
import type { Mask } from './mask.ts'
import { factored, unitHessian } from './methods/hessian.ts'
import type { PruneContext } from './pruneBlock.ts'
import type { Statistics } from './statistics.ts'

/** Outputs of `producers` that become inputs of `consumer` channel by channel, so that both can take another order. */
interface Channels {
  readonly producers: readonly Linear[]
  readonly consumer: Linear
  /** Number of consecutive outputs of the producers within which channels move: the MLP's width, or a head. */
  readonly size: number
  /** Number of consecutive ranges of the consumer's inputs that read one range: query heads of a key/value head. */
  readonly readers: number
}

/** Channels with the data that decides their order. */
interface Reordering extends Channels {
  readonly pattern: NmPattern
  /** Hessian of the consumer's inputs, on the device of the block. */
  readonly hessian: Tensor
}

/** What reordering reads and changes beside the weights of the block. */
interface ReorderedBlock {
  /** Hessians take the new order too. */
  readonly statistics: Statistics
  /** Masks of matrices that are pruned already take the new order too. */
  readonly masks: Map<string, Mask>
  /** The names of changed parameters are added to this set. */
  readonly reordered: Set<string>
}

/** Reorders, in place, channels whose consumer has an entry with `reorder` and a Hessian. @throws EngineError 'numeric' */
export async function reorderBlock(
  context: PruneContext,
  block: Block,
  { statistics, masks, reordered }: ReorderedBlock,
): Promise<void> {
  const { backend } = context
  for (const channels of channelsOf(block)) {
    const found = reorderingOf(context.entryOf(channels.consumer.name), channels, statistics)
    if (!found) continue
    const { producers, consumer, hessian } = found
    const { outputs, inputs } = await orderOf(context, found)
    for (const { name, weight, bias } of producers) {
      await permute(backend, weight, outputs, 0)
      if (bias) await permute(backend, bias, outputs, 0)
      const mask = masks.get(name)
      if (mask) masks.set(name, { ...mask, words: permuted(mask.words, outputs, maskWords(mask.columns)) })
      reordered.add(`${name}.weight`).add(`${name}.bias`)
    }
    await permute(backend, consumer.weight, inputs, 1)
    reordered.add(`${consumer.name}.weight`)
    for (const axis of [0, 1] as const) await permute(backend, hessian, inputs, axis)
  }
}

/** Fused projections keep their order. */
function channelsOf({ mlp, attention, config }: Block): Channels[] {
  const mlps = mlp.kind === 'moe' ? [...mlp.experts, ...(mlp.shared ? [mlp.shared.mlp] : [])] : [mlp]
  const all: Channels[] = mlps
    .filter(({ kind }) => kind !== 'gatedFused')
    .map(({ inputs, down }) => ({ producers: inputs, consumer: down, size: down.weight.shape[1], readers: 1 }))
  const { projections, out } = attention
  if (projections.length === 3) {
    const readers = config.numHeads / config.numKvHeads
    all.push({ producers: [projections[2]], consumer: out, size: config.headDim, readers })
  }
  return all
}

function reorderingOf(
  entry: PruneEntry | undefined,
  channels: Channels,
  statistics: Statistics,
): Reordering | undefined {
  const { inputKey } = channels.consumer
  const hessian = statistics.hessian(inputKey)
  if (!entry?.reorder || !entry.pattern || !hessian || statistics.tokensOf(inputKey) === 0) return undefined
  const { pattern } = entry
  return channels.size % pattern.m === 0 ? { ...channels, pattern, hessian } : undefined
}

/** The old places of the producers' outputs and of the consumer's inputs, by their new places. */
async function orderOf(context: PruneContext, found: Reordering): Promise<{ outputs: Int32Array; inputs: Int32Array }> {
  const { consumer, size, readers, pattern } = found
  const { values, rows, columns } = await lossesOf(context, found)
  const outputs = new Int32Array(columns / readers)
  const inputs = new Int32Array(columns)
  for (let start = 0; start < outputs.length; start += size) {
    const scores = new Float32Array(size * readers * rows)
    for (let channel = 0; channel < size; channel++)
      for (let reader = 0; reader < readers; reader++) {
        const column = start * readers + reader * size + channel
        const at = (channel * readers + reader) * rows
        for (let row = 0; row < rows; row++) scores[at + row] = values[row * columns + column]
      }
    const rng = createRng(context.seed, `reorder ${consumer.name} ${start}`)
    const own = { values: scores, channels: size, rows: readers * rows }
    const order = await channelOrder(own, pattern, rng, context.signal)
    order.forEach((channel, place) => {
      outputs[start + place] = start + channel
      for (let reader = 0; reader < readers; reader++) {
        const first = start * readers + reader * size
        inputs[first + place] = first + channel
      }
    })
  }
  return { outputs, inputs }
}

/** values [rows, columns]: the error w² / (H⁻¹)_jj where one weight is pruned and its row adapts (Hassibi and Stork, 1992). */
async function lossesOf(
  { backend, host, warn }: PruneContext,
  { consumer: { name, weight }, hessian }: Reordering,
): Promise<{ values: Float32Array; rows: number; columns: number }> {
  const [rows, columns] = weight.shape
  const visit = await visitHost(backend, host, hessian)
  using arena = new Arena(host)
  try {
    const unit = await unitHessian(arena, host, visit.tensor, dampening, name)
    // (H⁻¹)_jj = Σ_i U_ij².
    const [upper, squares] = [arena.allocate([columns, columns]), arena.allocate([columns])]
    const solvable = { host, h: unit.h, diagonal: unit.unit, name, warn }
    await factored(solvable, (diagonal) => host.prune.inverseFactor(upper, unit.h, diagonal))
    host.kernels.fill(squares, 0)
    host.kernels.columnSquares(squares, upper)
    const inverse = await readF32(host, squares)
    const values = await readWide(backend, weight)
    let sum = 0
    for (let at = 0; at < values.length; at++) {
      const column = at % columns
      values[at] = (values[at] * unit.values[column]) ** 2 / inverse[column]
      sum += values[at]
    }
    if (Number.isFinite(sum)) return { values, rows, columns }
  } finally {
    visit.release()
  }
  throw new EngineError('numeric', `${name} has weights that are not finite, so its channels cannot be reordered`)
}

/** Share of the mean diagonal that is added to the Hessian, as SparseGPT does. */
const dampening = 0.01

/** Reorders the rows (axis 0) or columns (axis 1) of a tensor in place. */
async function permute(backend: Backend, tensor: Tensor, from: Int32Array, axis: 0 | 1): Promise<void> {
  const inner = axis === 0 ? tensor.length / tensor.shape[0] : 1
  backend.write(tensor, permuted(await backend.read(tensor), from, inner), true)
}

/** values [outer, from.length, inner] with the middle axis in another order. */
function permuted<T extends HostArray>(values: T, from: Int32Array, inner: number): T {
  const result = values.slice() as T
  const step = from.length * inner
  for (let start = 0; start < values.length; start += step)
    for (let place = 0; place < from.length; place++) {
      const [at, old] = [start + place * inner, start + from[place] * inner]
      if (inner === 1) result[at] = values[old]
      else result.set(values.subarray(old, old + inner), at)
    }
  return result
}
