// Statistics of the linears' inputs, gathered during forward passes on the device that runs them (docs/methods.md, "Statistics of the inputs").
import type { Statistic } from '../../catalog/methods/method.ts'
import { methodOf } from '../../catalog/methods/methods.ts'
import { formatBytes } from '../../formatting/numbers.ts'
import { EngineError } from '../errors.ts'
import { fillArena } from '../compute/arena.ts'
import type { Backend } from '../compute/backend.ts'
import { rows, type Tensor } from '../compute/tensor.ts'
import type { Linear, LinearObserver } from '../model/module.ts'
import type { Seen } from './swaps.ts'
import { usesHessian, type PruneEntry } from '../../plan/pruneEntry.ts'

/**
 * Most partial sums of squares. The usual calibration set has as many windows, so each batch has its own partial sum. They are
 * added in f64, so that the order of the windows decides no near tie between two weights.
 */
const mostPartials = 128

/** The sums of one shared input, on the device. */
interface Sums {
  readonly channels: number
  /** Partial sums of x² [P,C], of one batch each while there are enough; for input norms. */
  readonly squares: Tensor | null
  /** 2/S · Σ xᵀx [C,C]. */
  gram: Tensor | null
  batches: number
  tokens: number
}

/** Sums by `inputKey`: linears that read the same input share them; every MoE expert has its own. */
export class Statistics {
  readonly #backend: Backend
  /** S, by which the sums are divided. */
  readonly windows: number
  readonly #also: readonly Statistic[]
  readonly #only: ReadonlySet<string> | null
  readonly #entryOf: (linear: string) => PruneEntry | undefined
  readonly #sums = new Map<string, Sums>()

  /**
   * `windows` is S: scores of different tensors compare only if all are divided by the same number. `also` is gathered for
   * every linear that has an entry, whatever its method needs. `only`: the inputs of which Hessians are gathered (null: all).
   */
  constructor(
    backend: Backend,
    windows: number,
    entryOf: (linear: string) => PruneEntry | undefined,
    also: readonly Statistic[] = [],
    only: ReadonlySet<string> | null = null,
  ) {
    this.#backend = backend
    this.windows = windows
    this.#entryOf = entryOf
    this.#also = also
    this.#only = only
  }

  readonly observe: LinearObserver = (linears, input) => {
    const sums = this.#sums.get(linears[0].inputKey) ?? this.#begin(linears, input.shape[1])
    sums.tokens += input.shape[0]
    if (sums.squares) {
      const partial = sums.batches % sums.squares.shape[0]
      this.#backend.kernels.columnSquares(rows(sums.squares, partial, partial + 1), input)
    }
    sums.batches += 1
    if (sums.gram) this.#backend.kernels.gram(sums.gram, input, 2 / this.windows)
  }

  #begin(linears: readonly Linear[], channels: number): Sums {
    const wants = (statistic: Statistic) =>
      linears.some(({ name }) => {
        const entry = this.#entryOf(name)
        if (entry === undefined) return false
        const needed = methodOf(entry.method).needs === statistic || (statistic === 'hessian' && usesHessian(entry))
        return needed || this.#also.includes(statistic)
      })
    const gathers = this.#only === null || this.#only.has(linears[0].inputKey)
    const sums = fillArena(this.#backend, (arena): Sums => {
      const zeros = (shape: readonly number[]) => {
        const tensor = arena.allocate(shape)
        this.#backend.kernels.fill(tensor, 0)
        return tensor
      }
      const squares = wants('norms') ? zeros([Math.min(this.windows, mostPartials), channels]) : null
      const gram = gathers && wants('hessian') ? zeros(hessianShape(this.#backend, linears[0].name, channels)) : null
      return { channels, squares, gram, batches: 0, tokens: 0 }
    })
    this.#sums.set(linears[0].inputKey, sums)
    return sums
  }

  /** Tokens that the input has had; 0 for an expert that the router never chose. */
  tokensOf(inputKey: string): number {
    return this.#sums.get(inputKey)?.tokens ?? 0
  }

  /** The numbers of windows and tokens that scale errors computed with this input's Hessian. */
  seen(inputKey: string): Seen {
    return { windows: this.windows, tokens: this.tokensOf(inputKey) }
  }

  /** (1/S)·Σ x² by channel, or null when nothing was seen or asked. */
  async meanSquares(inputKey: string): Promise<Float64Array | null> {
    const squares = this.#sums.get(inputKey)?.squares
    if (!squares) return null
    const partials = (await this.#backend.read(squares)) as Float32Array
    const [count, channels] = squares.shape
    return Float64Array.from({ length: channels }, (_, channel) => {
      let sum = 0
      for (let p = 0; p < count; p++) sum += partials[p * channels + channel]
      return sum / this.windows
    })
  }

  /** The Hessian 2/S·XᵀX, on the device of the forward passes; this object keeps owning it. */
  hessian(inputKey: string): Tensor | null {
    return this.#sums.get(inputKey)?.gram ?? null
  }

  releaseHessians(): void {
    for (const sums of this.#sums.values()) {
      if (sums.gram) this.#backend.release(sums.gram)
      sums.gram = null
    }
  }

  close(): void {
    for (const { squares, gram } of this.#sums.values())
      for (const tensor of [squares, gram]) if (tensor) this.#backend.release(tensor)
    this.#sums.clear()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** `sum` is a sum of squares of inputs. @throws EngineError 'numeric' where it is not finite. */
export function requireFiniteInputs(where: string, sum: number): void {
  if (!Number.isFinite(sum))
    throw new EngineError(
      'numeric',
      `${where}: its calibration inputs are not finite; check the model with \`sparsescope evaluate\`, and the data`,
    )
}

/** ‖x_j‖ from the mean squares. */
export function normsOf(meanSquares: Float64Array): Float64Array {
  return meanSquares.map(Math.sqrt)
}

/** @throws EngineError 'unsupported' where the device has no buffer of this size, so that no smaller plan helps. */
function hessianShape({ traits, info }: Backend, name: string, channels: number): [number, number] {
  const bytes = 4 * channels ** 2
  const { mostTensorBytes = Infinity } = traits
  if (bytes <= mostTensorBytes) return [channels, channels]
  throw new EngineError(
    'unsupported',
    `the Hessian of the ${channels} inputs of ${name} takes ${formatBytes(bytes)}, and ${info.description} has no buffers of more than ${formatBytes(mostTensorBytes)}: use --device cpu, or a method without Hessians`,
  )
}
