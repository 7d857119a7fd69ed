// The interfaces that the modules of a transformer share: linears, observers, replacements of weights, and requests for
// gradients. `prune` and `recover` plug in here; `model` imports neither.
import type { Arena } from '../compute/arena.ts'
import type { Backend } from '../compute/backend.ts'
import type { CopyShape } from '../compute/kernels.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { KvCache } from './kvCache.ts'

/** One weight matrix of the checkpoint (a fused matrix is one), [O, I] here whatever orientation the file has. */
export interface Linear {
  /** Module name: the checkpoint's tensor name without `.weight`. */
  readonly name: string
  /** [O, I]; f32, the checkpoint's own 16-bit type (`LoadAs`), or `packed` (packWeights.ts). */
  weight: Tensor
  readonly bias: Tensor | null
  /** Linears with the same key read the same input (q, k, v; gate, up): their statistics are shared. */
  readonly inputKey: string
}

/**
 * Sees the input [N, I] of every linear as a forward pass reaches it; called once per `inputKey` and pass with the
 * linears that read it. The tensor lives in the step's arena: use it in kernels at once, do not keep it.
 */
export type LinearObserver = (linears: readonly Linear[], input: Tensor) => void

/** Output features [start, end) of a linear; a head too large to hold is processed in such ranges. */
export interface RowRange {
  readonly start: number
  readonly end: number
}

/** [0, length) in ranges of `size`; the last may be shorter. */
export function rangesOf(length: number, size: number): RowRange[] {
  const ranges: RowRange[] = []
  for (let start = 0; start < length; start += size) ranges.push({ start, end: Math.min(start + size, length) })
  return ranges
}

/**
 * A trainable reparametrisation of a frozen linear (docs/methods.md, "Adapters"): effective weight, its backward, merge. With a
 * `range`, only these output features of the adapter: `linear.weight` is their rows alone [end − start, I], `dOut` [N, end − start].
 */
export interface Adapter {
  /** [O, I] (or the range's rows) to multiply with: in `arena`, or memory of the adapter's own. */
  effectiveWeight(backend: Backend, arena: Arena, linear: Linear, range?: RowRange): Tensor
  /** Adds the gradients of the adapter's own parameters, given dOut[N,O] and input[N,I], and to dBias[O] += Σ_n dOut where given. */
  backward(
    backend: Backend,
    arena: Arena,
    linear: Linear,
    dOut: Tensor,
    input: Tensor,
    range?: RowRange,
    dBias?: Tensor | null,
  ): void
  /** These, the first of them this one, in one pass; null where they are not alike. */
  together?(adapters: readonly (Adapter | null)[]): AdaptersTogether | null
}

/** Adapters of linears of one shape that read one input. */
export interface AdaptersTogether {
  /** The effective weight of each linear; null where there is no memory to keep them. */
  effectiveWeights(backend: Backend, linears: readonly Linear[]): readonly Tensor[] | null
  /** As `Adapter.backward` of each. */
  backward(backend: Backend, dOuts: readonly Tensor[], input: Tensor, dBiases: readonly (Tensor | null)[]): void
}

/** Gradients by parameter name as in the checkpoint (`…fc1.bias`). A gradient that is not wanted is not computed. */
export interface Grads {
  /** The tensor to add to, in this engine's orientation ([O,I] for linears), or null when it is not wanted. */
  of(parameter: string): Tensor | null
}

/** Arguments that all modules of one pass over one batch share. */
export interface Step {
  readonly backend: Backend
  /** Activations of this pass. Saved structs point into it, so it outlives the backward. */
  readonly arena: Arena
  readonly batch: number
  readonly seqLen: number
  /** i32 [batch, seqLen], 1 = real token; null when nothing is padded. */
  readonly keyMask: Tensor | null
  /** Forward only: rows are the batch's distinct tokens instead of all its places. */
  readonly packing?: Packing
  /** Forward of one sequence only: its keys and values so far. */
  readonly cache?: KvCache
  /** Set while the pass is recorded: takes the calls that depend on the token or its position, and repeats them for each token. */
  readonly varying?: (call: () => void) => void
  readonly observe?: LinearObserver
  readonly adapterOf?: (linear: Linear) => Adapter | null
}

/** Calls `call` now and, if the pass is recorded, again before each replay. */
export function eachTime({ varying }: Pick<Step, 'varying'>, call: () => void): void {
  if (varying) varying(call)
  else call()
}

/** Maps rows [N] to places of the batch. Only attention sees the batch; everything else works row by row. */
export interface Packing {
  /** i32 [batch · seqLen]: the row of each place. */
  readonly rowOf: Tensor
  /** i32 [N]: a place of each row. */
  readonly placeOf: Tensor
}

/** The opposite copy: from the layout that the given copy writes to the one that it reads. */
export function reversed({ outRow, outGroup, outOffset, inRow, inGroup, inOffset, ...sizes }: CopyShape): CopyShape {
  const out = { outRow: inRow, outGroup: inGroup, outOffset: inOffset }
  return { ...sizes, ...out, inRow: outRow, inGroup: outGroup, inOffset: outOffset }
}

/** Rows of a table [N, C], in `arena`. */
export function gathered({ backend }: Pick<Step, 'backend'>, arena: Arena, table: Tensor, rows: Tensor): Tensor {
  const output = arena.allocate([rows.length, table.shape[1]])
  backend.kernels.gatherRows(output, table, rows, 1)
  return output
}

/** x · by, in `arena`; x itself where `by` is 1. */
export function scaled({ backend }: Pick<Step, 'backend'>, arena: Arena, x: Tensor, by: number): Tensor {
  if (by === 1) return x
  const output = arena.allocate(x.shape)
  backend.kernels.fill(output, 0)
  backend.kernels.addScaled(output, x, by)
  return output
}

/** out = x + by · branch. */
export function addBranch(
  { backend }: Pick<Step, 'backend'>,
  out: Tensor,
  x: Tensor,
  branch: Tensor,
  by: number,
): void {
  if (by === 1) return backend.kernels.add(out, x, branch)
  backend.kernels.convert(out, x)
  backend.kernels.addScaled(out, branch, by)
}
