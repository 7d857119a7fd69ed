// Statistics of the linears' inputs, gathered during forward passes on the device that runs them (methods.md 3).
import type { Backend } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { Linear, LinearObserver } from '../model/module.ts'
import type { PruneEntry } from './plan.ts'

/** What one shared input has shown. Sums are still on the device. */
interface Sums {
  readonly channels: number
  /** Σ x² over all tokens [C]; for Wanda. */
  readonly squares: Tensor | null
  /** 2/S · Σ xᵀx [C,C]; for SparseGPT. */
  readonly gram: Tensor | null
  tokens: number
}

/** Sums by `inputKey`: linears that read the same input share them; every MoE expert has its own. */
export class Statistics {
  readonly #backend: Backend
  readonly #windows: number
  readonly #entryOf: (linear: string) => PruneEntry | undefined
  readonly #sums = new Map<string, Sums>()

  /** `windows` is S: scores of different tensors compare only if all are divided by the same number. */
  constructor(backend: Backend, windows: number, entryOf: (linear: string) => PruneEntry | undefined) {
    this.#backend = backend
    this.#windows = windows
    this.#entryOf = entryOf
  }

  readonly observe: LinearObserver = (linears, input) => {
    const sums = this.#sums.get(linears[0].inputKey) ?? this.#begin(linears, input.shape[1])
    sums.tokens += input.shape[0]
    if (sums.squares) this.#backend.kernels.columnSquares(sums.squares, input)
    if (sums.gram) this.#backend.kernels.gram(sums.gram, input, 2 / this.#windows)
  }

  #begin(linears: readonly Linear[], channels: number): Sums {
    const wants = (method: string) => linears.some((linear) => this.#entryOf(linear.name)?.method === method)
    const zeros = (shape: readonly number[]) => {
      const tensor = this.#backend.allocate('f32', shape)
      this.#backend.kernels.fill(tensor, 0)
      return tensor
    }
    const squares = wants('wanda') ? zeros([channels]) : null
    const gram = wants('sparsegpt') ? zeros([channels, channels]) : null
    const sums = { channels, squares, gram, tokens: 0 }
    this.#sums.set(linears[0].inputKey, sums)
    return sums
  }

  /** Tokens that the input has had; 0 for an expert that the router never chose. */
  tokensOf(inputKey: string): number {
    return this.#sums.get(inputKey)?.tokens ?? 0
  }

  /** (1/S)·Σ x² by channel, or null when nothing was seen or asked. */
  async meanSquares(inputKey: string): Promise<Float32Array | null> {
    const squares = this.#sums.get(inputKey)?.squares
    if (!squares) return null
    const sums = (await this.#backend.read(squares)) as Float32Array
    return sums.map((sum) => sum / this.#windows)
  }

  /** The Hessian 2/S·XᵀX, on the device of the forward passes; this object keeps owning it. */
  hessian(inputKey: string): Tensor | null {
    return this.#sums.get(inputKey)?.gram ?? null
  }

  close(): void {
    for (const { squares, gram } of this.#sums.values())
      for (const tensor of [squares, gram]) if (tensor) this.#backend.release(tensor)
    this.#sums.clear()
  }
}

/** Wanda's ‖x_j‖ from the mean squares, in f32 as the authors' code has it. */
export function normsOf(meanSquares: Float32Array): Float32Array {
  return meanSquares.map(Math.sqrt)
}
