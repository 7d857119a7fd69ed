// State that methods prepare for the block being pruned: linears with the same input share it, and it lives until the
// last of them is done.
import type { Linear } from '../model/module.ts'
import type { Backend } from '../compute/backend.ts'
import { visitHost, type PruneHost } from './host.ts'
import type { Prepared, SolveMethod } from './methods/method.ts'
import { pruners } from './methods/pruners.ts'
import { settingOf, type PruneEntry } from '../../plan/pruneEntry.ts'
import type { Statistics } from './statistics.ts'

/** Arguments of a preparation, the same for every block. */
export interface PrepareContext {
  readonly backend: Backend
  readonly host: PruneHost
  readonly entryOf: (linear: string) => PruneEntry | undefined
  readonly warn: (message: string) => void
}

export class PreparedCache {
  readonly #context: PrepareContext
  readonly #statistics: Statistics | null
  readonly #prepared = new Map<string, Prepared>()
  /** By key: the last linear that needs the preparation. */
  readonly #lastUse = new Map<string, string>()

  constructor(context: PrepareContext, linears: readonly Linear[], statistics: Statistics | null) {
    this.#context = context
    this.#statistics = statistics
    for (const linear of linears) {
      const entry = context.entryOf(linear.name)
      const key = entry && keyOf(linear, entry)
      if (key) this.#lastUse.set(key, linear.name)
    }
  }

  /** null when the method does not solve, or when the input was never seen: an expert that the router never chose. */
  async of(linear: Linear, entry: PruneEntry): Promise<Prepared | null> {
    const method = pruners[entry.method]
    if (method.kind !== 'solve') return null
    const key = keyOf(linear, entry) ?? ''
    const known = this.#prepared.get(key)
    if (known) return known
    const prepared = await this.#prepare(method, linear, entry)
    if (prepared) this.#prepared.set(key, prepared)
    return prepared
  }

  async #prepare(method: SolveMethod, linear: Linear, entry: PruneEntry): Promise<Prepared | null> {
    const hessian = this.#statistics?.hessian(linear.inputKey)
    if (!hessian) return null
    const { backend, host, warn } = this.#context
    const visit = await visitHost(backend, host, hessian)
    try {
      return await method.prepare({ host, hessian: visit.tensor, entry, name: linear.name, warn })
    } finally {
      visit.release()
    }
  }

  /** Releases the preparation if this was the last linear to need it; call it once the linear is pruned. */
  done(linear: Linear, entry: PruneEntry): void {
    const key = keyOf(linear, entry)
    if (key === null || this.#lastUse.get(key) !== linear.name) return
    this.#prepared.get(key)?.release()
    this.#prepared.delete(key)
  }

  close(): void {
    for (const prepared of this.#prepared.values()) prepared.release()
    this.#prepared.clear()
  }
}

function keyOf({ inputKey }: Linear, entry: PruneEntry): string | null {
  const solves = pruners[entry.method].kind === 'solve'
  return solves ? `${entry.method} ${settingOf(entry, 'dampening')} ${inputKey}` : null
}
