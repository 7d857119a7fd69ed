// The arithmetic of a pruning method. It either scores weights, of which the smallest of each comparison group are pruned,
// or solves for mask and weights together. Its row in src/catalog/methods says everything else about it.
import type { Scored } from '../../compute/pruneKernels.ts'
import type { Tensor } from '../../compute/tensor.ts'
import type { PruneHost } from '../host.ts'
import type { PruneEntry } from '../../../plan/pruneEntry.ts'

interface ScoreInput {
  readonly host: PruneHost
  /** [O, I], on the host. */
  readonly weight: Tensor
  /** ‖x_j‖ by input (docs/methods.md, "Statistics of the inputs"); null when the linear saw no token, or the method needs none. */
  readonly norms: Float64Array | null
  readonly seed: number
  /** Name of the linear. */
  readonly name: string
}

/** Scores as a matrix and column scales, |matrix| · scale, until they are released. */
interface ScoreSource {
  readonly scored: Scored & { readonly columns: null }
  release(): void
}

export interface ScoreMethod {
  readonly kind: 'score'
  score(input: ScoreInput): ScoreSource | Promise<ScoreSource>
}

export interface HessianInput {
  readonly host: PruneHost
  /** 2/S·XᵀX [I, I] on the host, which a method does not change. */
  readonly hessian: Tensor
  readonly entry: PruneEntry
  /** The first linear that needs the Hessian, for error messages. */
  readonly name: string
  readonly warn: (message: string) => void
}

export interface SolveInput {
  /** [O, I] on the host, changed in place. */
  readonly weight: Tensor
  /** Bits [O, ceil(I/32)] to be filled; all are 0 before. */
  readonly mask: Tensor
  readonly entry: PruneEntry
  readonly name: string
}

/** State that linears with the same input share. */
export interface Prepared {
  /** Inputs that were 0 on all tokens: all their weights are pruned, whatever the quota. */
  readonly dead: readonly number[]
  /** Prunes a weight. */
  solve(input: SolveInput): Promise<void>
  release(): void
}

export interface SolveMethod {
  readonly kind: 'solve'
  /** Entries of the method with the same dampening share the result. @throws EngineError 'numeric' */
  prepare(input: HessianInput): Promise<Prepared>
}

export type Pruner = ScoreMethod | SolveMethod
