// Every variant of every shader, those for tensor cores among them, which are made on request: here once a process.
import '../../src/engine/compute/webgpu/kernels.ts'
import { tensorVariants } from '../../src/engine/compute/webgpu/ops/gemm/tensorCores.ts'
import { madeVariants, type Variant } from '../../src/engine/compute/webgpu/shader.ts'

/** Every shape that adapters are known to list. */
for (const shape of [
  { m: 16, n: 16, k: 16 },
  { m: 16, n: 8, k: 16 },
  { m: 8, n: 16, k: 16 },
  { m: 16, n: 8, k: 8 },
  { m: 8, n: 8, k: 8 },
])
  tensorVariants({ shape, subgroupSize: 32 })

export const allVariants: readonly Variant[] = [...madeVariants]
