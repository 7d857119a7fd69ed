// The relative output error of a matrix pruned in several ways, ‖X(W − Ŵ)ᵀ‖² / ‖XWᵀ‖², from its Hessian (docs/methods.md,
// "Error of pruning a matrix").
import type { PruningError } from '../../plan/analysis.ts'
import type { Candidate } from '../../plan/candidates.ts'
import { breathe } from '../breathe.ts'
import type { Flow } from '../blocks/flow.ts'
import { Arena } from '../compute/arena.ts'
import { readF32 } from '../compute/backend.ts'
import type { Linear } from '../model/module.ts'
import type { PruneHost } from '../prune/host.ts'
import { outputEnergy, outputError } from '../prune/refit.ts'
import { PreparedCache } from '../prune/preparedCache.ts'
import { pruneLinear, type PruneContext } from '../prune/pruneBlock.ts'
import type { Statistics } from '../prune/statistics.ts'

/** Weights [O, I] pruned as the first candidate says, by module name: what sensitivities are measured with. */
export type PrunedWeights = Map<string, Float32Array>

interface ErrorWork {
  readonly flow: Flow
  readonly host: PruneHost
  readonly candidates: readonly Candidate[]
  readonly seed: number
  readonly warn: (message: string) => void
  /** The weights stay as they are. */
  readonly linears: readonly Linear[]
  /** Statistics with the Hessian of each linear's input. */
  readonly statistics: Statistics
  /** Filled with pruned weights; null where no sensitivity is measured: they are then not kept. */
  readonly pruned: PrunedWeights | null
}

/** Errors by module name, in the candidates' order. @throws EngineError 'numeric' */
export async function measureErrors(work: ErrorWork): Promise<Map<string, PruningError[]>> {
  const { flow, linears } = work
  const found = new Map<string, PruningError[]>()
  for (const inputKey of new Set(linears.map((linear) => linear.inputKey))) {
    const sharing = linears.filter((linear) => linear.inputKey === inputKey)
    const context = contextOf(work)
    // One factor serves all linears with this input, and all sparsities.
    const prepared = new PreparedCache(context, [], work.statistics)
    try {
      for (const linear of sharing) {
        await breathe(flow.signal)
        found.set(linear.name, await errorsOf(work, context, prepared, linear))
      }
    } finally {
      prepared.close()
    }
  }
  return found
}

function contextOf({ flow, host, candidates, seed, warn }: ErrorWork): PruneContext {
  const entryOf = () => candidates[0].entry
  return { backend: flow.backend, host, entryOf, globals: new Map(), seed, warn, signal: flow.signal }
}

async function errorsOf(
  { flow: { backend }, candidates, statistics, pruned }: ErrorWork,
  context: PruneContext,
  prepared: PreparedCache,
  linear: Linear,
): Promise<PruningError[]> {
  const { kernels } = backend
  const hessian = statistics.hessian(linear.inputKey)
  if (!hessian || statistics.tokensOf(linear.inputKey) === 0) return []
  using arena = new Arena(backend)
  const weight = arena.allocate(linear.weight.shape)
  const { windows, tokens } = statistics.seen(linear.inputKey)
  const energy = await outputEnergy(backend, linear.weight, hessian)
  const shareOf = (error: number) => (energy > 0 ? Math.max(0, error / energy) : null)
  const errors: PruningError[] = []
  for (const [i, { method, sparsity, pattern, entry }] of candidates.entries()) {
    kernels.convert(weight, linear.weight)
    const certified: PruningError[] = []
    const onCertificate: PruneContext['onCertificate'] = (_, { error, room }) =>
      certified.push({ method, sparsity, pattern, error: shareOf((2 * error * tokens) / windows), room })
    await pruneLinear({ ...context, onCertificate }, { ...linear, weight }, entry, statistics, prepared)
    const measured = async () => shareOf(await outputError(backend, weight, linear.weight, hessian))
    errors.push(certified.at(0) ?? { method, sparsity, pattern, error: await measured() })
    if (i === 0) pruned?.set(linear.name, (await readF32(backend, weight)).slice())
  }
  return errors
}
