// A scope of tensors that are released together: a step's activations, a block's scratch.
import type { DType, HostArray } from '../dtype.ts'
import type { Backend } from './backend.ts'
import type { Tensor } from './tensor.ts'

export class Arena {
  readonly #backend: Backend
  #owned: Tensor[] = []

  constructor(backend: Backend) {
    this.#backend = backend
  }

  allocate(shape: readonly number[], dtype: DType = 'f32'): Tensor {
    const tensor = this.#backend.allocate(dtype, shape)
    this.#owned.push(tensor)
    return tensor
  }

  /** A tensor with these contents. */
  upload(shape: readonly number[], dtype: DType, data: HostArray): Tensor {
    const tensor = this.allocate(shape, dtype)
    this.#backend.write(tensor, data)
    return tensor
  }

  /** Frees one tensor before the others. */
  release(tensor: Tensor): void {
    const index = this.#owned.findIndex((t) => t.buffer === tensor.buffer)
    if (index < 0) return
    this.#owned.splice(index, 1)
    this.#backend.release(tensor)
  }

  /** Takes a tensor out of the scope; the caller then owns it. */
  keep(tensor: Tensor): Tensor {
    this.#owned = this.#owned.filter((t) => t.buffer !== tensor.buffer)
    return tensor
  }

  close(): void {
    for (const tensor of this.#owned) this.#backend.release(tensor)
    this.#owned = []
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** Tensors that `body` allocates outlive it. If it throws, they are released, since another try with a smaller plan needs the memory. */
export function fillArena<T>(backend: Backend, body: (arena: Arena) => T): T {
  const arena = new Arena(backend)
  try {
    return body(arena)
  } catch (error) {
    arena.close()
    throw error
  }
}

/** `fillArena` for an asynchronous `body`. */
export async function fillArenaAsync<T>(backend: Backend, body: (arena: Arena) => Promise<T>): Promise<T> {
  const arena = new Arena(backend)
  try {
    return await body(arena)
  } catch (error) {
    arena.close()
    throw error
  }
}
