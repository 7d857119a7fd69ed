// Effective weights of adapted linears in the type that products take, formed once per optimiser step although forward,
// backward, recomputation and accumulated batches all ask for them.
import { bytesPerElement } from '../dtype.ts'
import type { Arena } from '../compute/arena.ts'
import type { Backend } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'

export interface EffectiveWeights {
  /** The tensor of this linear, formed by `form` if this is the first time since `invalidate`. */
  of(arena: Arena, name: string, shape: readonly number[], form: (out: Tensor) => void): Tensor
  /** Call it when the parameters have changed. */
  invalidate(): void
  close(): void
}

/** Keeps effective weights of up to `bytes`; the others are formed in the caller's arena each time. */
export function createEffectiveWeights(backend: Backend, bytes: number): EffectiveWeights {
  const kept = new Map<string, { tensor: Tensor; version: number }>()
  let version = 0
  let used = 0
  return {
    of(arena, name, shape, form) {
      let entry = kept.get(name)
      if (!entry) {
        const size = bytesPerElement[backend.precision] * shape.reduce((a, b) => a * b, 1)
        if (used + size > bytes) {
          const tensor = arena.allocate(shape, backend.precision)
          form(tensor)
          return tensor
        }
        used += size
        kept.set(name, (entry = { tensor: backend.allocate(backend.precision, shape), version: -1 }))
      }
      if (entry.version !== version) {
        form(entry.tensor)
        entry.version = version
      }
      return entry.tensor
    },
    invalidate: () => void version++,
    close() {
      for (const { tensor } of kept.values()) backend.release(tensor)
      kept.clear()
      used = 0
    },
  }
}
