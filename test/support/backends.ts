// The backends that a test of the engine runs on: all that this machine can open, or of `npm test` two.
import { availableParallelism } from 'node:os'
import type { Backend } from '../../src/engine/compute/backend.ts'
import { openCpu } from '../../src/engine/compute/cpu/open.ts'
import { openReference } from './reference/backend.ts'
import { openWebGpu } from '../../src/engine/compute/webgpu/backend.ts'
import { named } from './extent.ts'

export interface BackendCase {
  readonly name: string
  /** The backend, or why it is missing. */
  open(): Promise<{ backend: Backend } | { reason: string }>
}

const threads = Math.min(2, availableParallelism())

const all: readonly BackendCase[] = [
  { name: 'reference', open: async () => ({ backend: openReference() }) },
  {
    name: 'wgpu',
    open: async () => {
      try {
        return { backend: await openWebGpu() }
      } catch (error) {
        return { reason: error instanceof Error ? error.message : String(error) }
      }
    },
  },
  { name: 'cpu', open: async () => ({ backend: await openCpu({ threads }) }) },
  {
    name: 'cpu, tensors outside WebAssembly',
    open: async () => ({ backend: await openCpu({ threads, largeBytes: 0 }) }),
  },
]

export const backends = named(all, ['reference', 'cpu'])
