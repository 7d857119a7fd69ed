import { compileKernels } from '../../src/engine/compute/cpu/open.ts'
import { openHeap } from '../../src/engine/compute/cpu/heap.ts'
import { taskTable } from '../../src/engine/compute/cpu/tasks.ts'
import { Pool } from '../../src/engine/compute/cpu/pool.ts'

/** The pool of the CPU backend by itself, with WebAssembly alone. */
export async function openPool(threads: number): Promise<Pool> {
  const heap = await openHeap({ maxBytes: 2 ** 28, largeBytes: Infinity })
  const { module } = compileKernels()
  const libraries = { blas: null, oneDnn: null }
  return Pool.open({ heap, module, libraries, threads, taskTable, stageBytes: 2 ** 16 })
}
