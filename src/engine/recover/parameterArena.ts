// All trained parameters are in a few flat buffers, with their gradients and AdamW moments: one optimiser call and one norm
// for each buffer instead of one for each of hundreds of small tensors.
import { fillArena } from '../compute/arena.ts'
import type { Backend } from '../compute/backend.ts'
import type { AdamStep } from '../compute/kernels.ts'
import { lengthOf, slice, type Tensor } from '../compute/tensor.ts'

export interface ParameterSpec {
  /** The checkpoint's name, or `<linear>.lora_A` and the like for an adapter's own. */
  readonly name: string
  readonly shape: readonly number[]
  /** How often the gradient counts in the norm: a scale vector represents `rank` equal rows (docs/methods.md, "ScaleLoRA"). */
  readonly copies?: number
  /** false where weight decay does not apply to the parameter. */
  readonly decays?: boolean
}

export interface ParameterArena {
  /** Views into the buffers, null for a name that is not trained. */
  param(name: string): Tensor | null
  grad(name: string): Tensor | null
  /** Sets all gradients to 0. */
  clearGrads(): void
  /** The terms of the squared norm; `addSquares` adds to as many one-element tensors. */
  readonly normTerms: readonly NormTerm[]
  /** term[i] += Σ g² over the parameters of the i-th term. */
  addSquares(terms: readonly Tensor[]): void
  adamw(step: AdamStep): void
  /** Buffers to save and restore for a resumed run: parameters and both moments, one of each per segment. */
  readonly stateTensors: readonly { readonly name: string; readonly tensor: Tensor }[]
  close(): void
}

/** The squared norm is Σ copies · (the term's sum), over all terms. */
interface NormTerm {
  readonly copies: number
}

interface Segment {
  readonly copies: number
  readonly decays: boolean
  readonly param: Tensor
  readonly grad: Tensor
  readonly m: Tensor
  readonly v: Tensor
}

/** Views start at multiples of this many elements: 256 bytes, the strictest offset that GPU bindings require. */
const alignment = 64
/** A new buffer is begun beyond this length (64 MiB); only a larger single tensor exceeds it. */
const segmentLength = 16 * 2 ** 20

interface Layout {
  readonly copies: number
  readonly decays: boolean
  length: number
  readonly starts: Map<string, number>
}

/** Parameters, gradients and moments start as 0. */
export function createParameterArena(backend: Backend, specs: readonly ParameterSpec[]): ParameterArena {
  const layouts = layOut(specs)
  const segments = fillArena(backend, (arena) =>
    layouts.map(({ copies, decays, length }): Segment => {
      const zeros = () => {
        const tensor = arena.allocate([length])
        backend.kernels.fill(tensor, 0)
        return tensor
      }
      return { copies, decays, param: zeros(), grad: zeros(), m: zeros(), v: zeros() }
    }),
  )
  const params = new Map<string, Tensor>()
  const grads = new Map<string, Tensor>()
  const shapes = new Map(specs.map((spec) => [spec.name, spec.shape]))
  layouts.forEach((layout, i) => {
    for (const [name, start] of layout.starts) {
      const shape = shapes.get(name) ?? []
      params.set(name, slice(segments[i].param, start, shape))
      grads.set(name, slice(segments[i].grad, start, shape))
    }
  })
  const tensors = segments.flatMap((s) => [s.param, s.grad, s.m, s.v])
  return {
    param: (name) => params.get(name) ?? null,
    grad: (name) => grads.get(name) ?? null,
    clearGrads: () => segments.forEach((s) => backend.kernels.fill(s.grad, 0)),
    normTerms: segments.map(({ copies }) => ({ copies })),
    addSquares: (terms) => segments.forEach((s, i) => backend.kernels.sumSquares(terms[i], s.grad)),
    adamw: (step) =>
      segments.forEach(({ param, grad, m, v, decays }) =>
        backend.kernels.adamw(param, grad, m, v, decays ? step : { ...step, weightDecay: 0 }),
      ),
    stateTensors: segments.flatMap((s, i) => [
      { name: `param.${i}`, tensor: s.param },
      { name: `m.${i}`, tensor: s.m },
      { name: `v.${i}`, tensor: s.v },
    ]),
    close: () => tensors.forEach((tensor) => backend.release(tensor)),
  }
}

function layOut(specs: readonly ParameterSpec[]): Layout[] {
  const layouts: Layout[] = []
  for (const { name, shape, copies = 1, decays = true } of specs) {
    const length = Math.ceil(lengthOf(shape) / alignment) * alignment
    const fits = (l: Layout) => l.copies === copies && l.decays === decays && l.length + length <= segmentLength
    let layout = layouts.find(fits)
    if (!layout) layouts.push((layout = { copies, decays, length: 0, starts: new Map() }))
    layout.starts.set(name, layout.length)
    layout.length += length
  }
  return layouts
}
