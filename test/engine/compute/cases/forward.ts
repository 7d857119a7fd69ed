// What a forward case leaves for its backward, from the reference.
import { openReference } from '../../../support/reference/backend.ts'
import { upload } from '../../../../src/engine/compute/backend.ts'
import type { OpCase } from './opCase.ts'

export function runCaseSync(c: OpCase): Record<string, Float32Array> {
  const backend = openReference()
  const tensors = Object.fromEntries(
    Object.entries(c.tensors).map(([name, t]) => [name, upload(backend, t.dtype, t.shape, t.data)]),
  )
  c.run(backend.kernels, tensors)
  return Object.fromEntries(c.outputs.map((name) => [name, Float32Array.from(backend.cells(tensors[name]))]))
}
