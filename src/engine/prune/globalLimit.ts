// The global comparison group: every score of the model is seen before the first weight is removed (methods.md 2.3).
// The model streams past once for each digit of the selection, and once before that where scores need data.
import { canBeGlobal, needsData } from '../../shared/methods/methods.ts'
import { breathe } from '../breathe.ts'
import type { Backend } from '../compute/backend.ts'
import type { Limit, Scored } from '../compute/pruneKernels.ts'
import { visitHost, type PruneHost } from './host.ts'
import { scoreMethodOf } from './methods/methods.ts'
import type { PruneEntry } from '../../shared/plan/pruneEntries.ts'
import { countScores, findLimit, rankOf } from './select.ts'
import { normsOf, Statistics } from './statistics.ts'
import { embedAll, runBlock, type BlockStream, type Flow, type PrunableBlock } from './stream.ts'

/** Where a global group is cut. Linears take their ties in model order until none is left. */
export interface GlobalLimit extends Limit {
  ties: number
  /** ‖x_j‖ of the dense model by linear, where scores need them. */
  readonly norms: ReadonlyMap<string, Float64Array>
}

export interface GlobalSearch<B extends PrunableBlock> {
  readonly backend: Backend
  readonly host: PruneHost
  readonly stream: BlockStream<B>
  readonly seed: number
  /** null when no entry needs data. */
  readonly flow: Flow<B> | null
  readonly signal?: AbortSignal
}

/** Entries whose weights compete over the whole model. */
export function isGlobal(entry: PruneEntry): boolean {
  return entry.scope === 'global' && !entry.pattern && canBeGlobal(entry.method)
}

export async function findGlobalLimits<B extends PrunableBlock>(
  search: GlobalSearch<B>,
  entries: readonly PruneEntry[],
): Promise<ReadonlyMap<PruneEntry, GlobalLimit>> {
  const wanted = entries.filter(isGlobal)
  const norms = await denseNorms(search, wanted)
  const limits = new Map<PruneEntry, GlobalLimit>()
  for (const entry of wanted) {
    const { size, sparsity } = groupOf(search.stream, entry)
    const limit = await findLimit(
      (counts, digit) =>
        eachLinear(search, entry, norms, (scored, name) => countScores(search.host.prune, counts, scored, digit, name)),
      size,
      rankOf(entry.selection, size, sparsity),
      entry.selection,
      needsData(entry.method),
    )
    limits.set(entry, { ...limit, norms })
  }
  return limits
}

/** Size of the group, and its sparsity: the mean over the weights, which is each linear's own unless they differ. */
function groupOf<B extends PrunableBlock>(
  stream: BlockStream<B>,
  entry: PruneEntry,
): { size: number; sparsity: number } {
  let size = 0
  let pruned = 0
  for (const [name, sparsity] of entry.sparsities) {
    const [rows, columns] = stream.shapes.get(name) ?? [0, 0]
    size += rows * columns
    pruned += rows * columns * sparsity
  }
  const [first, ...others] = new Set(entry.sparsities.values())
  return { size, sparsity: others.length ? pruned / size : first }
}

/** Dense-stream input norms of every linear of the entries that need them. */
async function denseNorms<B extends PrunableBlock>(
  { flow, stream, backend }: GlobalSearch<B>,
  entries: readonly PruneEntry[],
): Promise<ReadonlyMap<string, Float64Array>> {
  const norms = new Map<string, Float64Array>()
  const looking = entries.filter(({ method }) => needsData(method))
  if (!flow || !looking.length) return norms
  const entryOf = (name: string) => looking.find((entry) => entry.sparsities.has(name))
  const hidden = await embedAll(flow)
  try {
    for (let index = 0; index < stream.blockCount; index++) {
      const block = await stream.load(index)
      const statistics = new Statistics(backend, flow.set.windows, entryOf)
      try {
        await runBlock(flow, block, hidden, hidden, statistics)
        for (const { name, inputKey } of block.linears) {
          const squares = entryOf(name) && (await statistics.meanSquares(inputKey))
          if (squares) norms.set(name, normsOf(squares))
        }
      } finally {
        statistics.close()
        stream.release(block)
      }
    }
  } finally {
    await hidden.close()
  }
  return norms
}

/** Visits the dense weights of an entry's linears in model order, with their scores. */
async function eachLinear<B extends PrunableBlock>(
  { host, stream, backend, seed, signal }: GlobalSearch<B>,
  entry: PruneEntry,
  norms: ReadonlyMap<string, Float64Array>,
  body: (scored: Scored, name: string) => Promise<void>,
): Promise<void> {
  for (let index = 0; index < stream.blockCount; index++) {
    await breathe(signal)
    const block = await stream.load(index)
    try {
      for (const linear of block.linears.filter(({ name }) => entry.sparsities.has(name))) {
        const weight = await visitHost(backend, host, linear.weight)
        const { name } = linear
        const input = { host, weight: weight.tensor, norms: norms.get(name) ?? null, seed, name }
        const scores = await scoreMethodOf(entry.method).score(input)
        try {
          await body(scores.scored, linear.name)
        } finally {
          scores.release()
          weight.release()
        }
      }
    } finally {
      stream.release(block)
    }
  }
}
