// Factors of the block being pruned: linears with the same input share one, which lives until the last of them is done.
import type { Linear } from '../model/module.ts'
import { visitHost } from './host.ts'
import type { PruneEntry } from './plan.ts'
import type { PruneContext } from './pruneBlock.ts'
import { factorHessian, releaseFactor, type HessianFactor } from './sparseGpt.ts'
import type { Statistics } from './statistics.ts'

export class FactorCache {
  readonly #context: PruneContext
  readonly #statistics: Statistics | null
  readonly #factors = new Map<string, HessianFactor>()
  /** The linear after which a factor has no more use. */
  readonly #lastUse = new Map<string, string>()

  constructor(context: PruneContext, linears: readonly Linear[], statistics: Statistics | null) {
    this.#context = context
    this.#statistics = statistics
    for (const linear of linears) {
      const entry = context.entryOf(linear.name)
      if (entry?.method === 'sparsegpt') this.#lastUse.set(keyOf(linear, entry), linear.name)
    }
  }

  /** The factor of a linear's Hessian, or null when its input was never seen: an expert that the router never chose. */
  async of(linear: Linear, entry: PruneEntry): Promise<HessianFactor | null> {
    const key = keyOf(linear, entry)
    const known = this.#factors.get(key)
    if (known) return known
    const hessian = this.#statistics?.hessian(linear.inputKey)
    if (!hessian) return null
    const { backend, host, warn } = this.#context
    const visit = await visitHost(backend, host, hessian)
    try {
      const factor = await factorHessian(host, visit.tensor, entry.dampening, linear.name, warn)
      this.#factors.set(key, factor)
      return factor
    } finally {
      visit.release()
    }
  }

  /** Call when a linear is pruned. */
  done(linear: Linear, entry: PruneEntry): void {
    const key = keyOf(linear, entry)
    const factor = this.#factors.get(key)
    if (!factor || this.#lastUse.get(key) !== linear.name) return
    releaseFactor(this.#context.host, factor)
    this.#factors.delete(key)
  }

  close(): void {
    for (const factor of this.#factors.values()) releaseFactor(this.#context.host, factor)
    this.#factors.clear()
  }
}

const keyOf = (linear: Linear, entry: PruneEntry): string => `${entry.dampening} ${linear.inputKey}`
