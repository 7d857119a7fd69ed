// A device that refuses one allocation, and counts tensors that were not released.
import type { Backend } from '../../src/engine/compute/backend.ts'
import type { Tensor } from '../../src/engine/compute/tensor.ts'
import { EngineError } from '../../src/engine/errors.ts'

export interface Refusing<B extends Backend> {
  readonly backend: B
  /** Allocations so far. */
  count(): number
  /** Tensors that were not released. */
  left(): number
}

/** Refuses its `at`-th allocation, counted from 0. */
export function refusing<B extends Backend>(device: B, at: number): Refusing<B> {
  const there = new Set<unknown>()
  let count = 0
  const backend: B = {
    ...device,
    allocate(...args: Parameters<Backend['allocate']>) {
      if (count++ === at) throw new EngineError('out-of-memory', 'the device is out of memory')
      const tensor = device.allocate(...args)
      there.add(tensor.buffer)
      return tensor
    },
    release(tensor: Tensor) {
      there.delete(tensor.buffer)
      device.release(tensor)
    },
  }
  return { backend, count: () => count, left: () => there.size }
}
