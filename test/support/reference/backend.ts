// The slow, obviously right backend of the tests: single-threaded loops in f64.
import { hostArray, type DType, type HostArray } from '../../../src/engine/dtype.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { inSteps } from '../../../src/engine/compute/cpu/kernels/index.ts'
import type { Kernels } from '../../../src/engine/compute/kernels.ts'
import { lengthOf, type Tensor } from '../../../src/engine/compute/tensor.ts'
import { attention } from './attention.ts'
import { elementwise } from './elementwise.ts'
import { norms } from './norms.ts'
import { products } from './products.ts'
import { rowOps } from './rows.ts'
import { newCells, Storage } from './storage.ts'
import { training } from './training.ts'

export interface ReferenceBackend extends Backend {
  /** The f64 values behind an f32 tensor, for finite differences. Writable. */
  cells(tensor: Tensor): Float64Array
}

export function openReference(): ReferenceBackend {
  const storage = new Storage()
  const own = {
    ...products(storage),
    ...rowOps(storage),
    ...elementwise(storage),
    ...norms(storage),
    ...attention(storage),
    ...training(storage),
  }
  const kernels: Kernels = { ...own, ...inSteps(own) }
  let next = 1
  return {
    info: { device: 'cpu', description: 'reference (f64 loops)', details: {} },
    traits: { inHostMemory: true, widensWeights: false, bf16Products: true },
    precision: 'f32',
    kernels,
    allocate(dtype: DType, shape: readonly number[]): Tensor {
      const tensor = { buffer: next++, dtype, shape, offset: 0, length: lengthOf(shape) }
      storage.buffers.set(tensor.buffer, newCells(dtype, tensor.length))
      return tensor
    },
    release: (tensor) => void storage.buffers.delete(tensor.buffer),
    write: (tensor, data) => storage.cells(tensor).set(data),
    read: async (tensor): Promise<HostArray> => {
      const result = hostArray(tensor.dtype, tensor.length)
      result.set(storage.cells(tensor))
      return result
    },
    sync: async () => undefined,
    memory: () => ({ usedBytes: 0, peakBytes: 0, limitBytes: Infinity }),
    close: async () => storage.buffers.clear(),
    cells: (tensor) => storage.f(tensor),
  }
}
