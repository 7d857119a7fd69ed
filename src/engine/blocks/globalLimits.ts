// The global comparison group: every score of the model is seen before the first weight is removed (docs/methods.md,
// "Comparison groups and exact counts"). The model is read once for each digit of the selection, and once before that
// where scores need data.
import { needsData } from '../../catalog/methods/methods.ts'
import { isGlobal, type PruneEntry } from '../../plan/pruneEntry.ts'
import { breathe } from '../breathe.ts'
import type { Backend } from '../compute/backend.ts'
import type { Scored } from '../compute/pruneKernels.ts'
import { visitHost, type PruneHost } from '../prune/host.ts'
import { scoreMethodOf } from '../prune/methods/pruners.ts'
import type { GlobalLimit } from '../prune/pruneBlock.ts'
import { countScores, findLimit, rankOf } from '../prune/select.ts'
import { normsOf } from '../prune/statistics.ts'
import { eachMeasured, type Flow } from './flow.ts'
import type { ModelStream } from './modelStream.ts'

interface GlobalSearch {
  readonly backend: Backend
  readonly host: PruneHost
  readonly stream: ModelStream
  readonly seed: number
  /** null when no entry needs data. */
  readonly flow: Flow | null
  readonly signal?: AbortSignal
}

export async function findGlobalLimits(
  search: GlobalSearch,
  entries: readonly PruneEntry[],
): Promise<ReadonlyMap<PruneEntry, GlobalLimit>> {
  const wanted = entries.filter(isGlobal)
  const norms = await denseNorms(search, wanted)
  const limits = new Map<PruneEntry, GlobalLimit>()
  for (const entry of wanted) {
    const unseen = unseenBy(entry, norms)
    const { size, sparsity } = groupOf(search.stream, entry, unseen)
    const limit = await findLimit(
      search.host.prune.traits,
      (counts, digit) =>
        eachLinear(search, entry, { norms, unseen }, (scored, name) =>
          countScores(search.host.prune, counts, scored, digit, name),
        ),
      size,
      rankOf(entry.selection, size, sparsity),
      entry.selection,
      needsData(entry.method),
    )
    limits.set(entry, { ...limit, norms, unseen })
  }
  return limits
}

/** Linears that saw no token (experts): their bare magnitudes cannot be compared with scores. */
function unseenBy(entry: PruneEntry, norms: ReadonlyMap<string, Float64Array>): ReadonlySet<string> {
  if (!needsData(entry.method)) return new Set()
  const unseen = [...entry.sparsities.keys()].filter((name) => !norms.has(name))
  return new Set(unseen.length < entry.sparsities.size ? unseen : [])
}

/** Size and sparsity of the group. Where sparsities of its linears differ, the group's is their mean over the weights. */
function groupOf(
  stream: ModelStream,
  entry: PruneEntry,
  unseen: ReadonlySet<string>,
): { size: number; sparsity: number } {
  let size = 0
  let pruned = 0
  for (const [name, sparsity] of entry.sparsities) {
    if (unseen.has(name)) continue
    const [rows, columns] = stream.shapes.get(name) ?? [0, 0]
    size += rows * columns
    pruned += rows * columns * sparsity
  }
  const [first, ...others] = new Set(entry.sparsities.values())
  return { size, sparsity: others.length ? pruned / size : first }
}

/** Dense-stream input norms of every linear of the entries that need them. */
async function denseNorms(
  { flow }: GlobalSearch,
  entries: readonly PruneEntry[],
): Promise<ReadonlyMap<string, Float64Array>> {
  const norms = new Map<string, Float64Array>()
  const looking = entries.filter(({ method }) => needsData(method))
  if (!flow || !looking.length) return norms
  const entryOf = (name: string) => looking.find((entry) => entry.sparsities.has(name))
  await eachMeasured(flow, entryOf, [], async (block, statistics) => {
    for (const { name, inputKey } of block.linears) {
      const squares = entryOf(name) && (await statistics.meanSquares(inputKey))
      if (squares) norms.set(name, normsOf(squares))
    }
  })
  return norms
}

/** Visits the dense weights of an entry's linears in model order, with their scores. */
async function eachLinear(
  { host, stream, backend, seed, signal }: GlobalSearch,
  entry: PruneEntry,
  { norms, unseen }: Pick<GlobalLimit, 'norms' | 'unseen'>,
  body: (scored: Scored, name: string) => Promise<void>,
): Promise<void> {
  for (let index = 0; index < stream.blockCount; index++) {
    await breathe(signal)
    const block = await stream.load(index)
    try {
      for (const linear of block.linears.filter(({ name }) => entry.sparsities.has(name) && !unseen.has(name))) {
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
