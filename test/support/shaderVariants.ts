// Every variant of every shader, those for tensor cores among them, which are made on request: here once a process.
import '../../src/engine/compute/webgpu/kernels.ts'
import { tensorProducts } from '../../src/engine/compute/webgpu/ops/gemm/tensorCores.ts'
import { madeVariants, type Variant } from '../../src/engine/compute/webgpu/shader.ts'

const extension = 'chromium_experimental_subgroup_matrix'

/** Every shape that adapters are known to list. */
for (const shape of [
  { m: 16, n: 16, k: 16 },
  { m: 16, n: 8, k: 16 },
  { m: 8, n: 16, k: 16 },
  { m: 16, n: 8, k: 8 },
  { m: 8, n: 8, k: 8 },
])
  tensorProducts({ shape, input: 'f16', subgroupSize: 32, extension })
tensorProducts({ shape: { m: 16, n: 16, k: 16 }, input: 'f16', subgroupSize: 32, fixesSize: true, extension })
tensorProducts({ shape: { m: 8, n: 8, k: 8 }, input: 'f32', subgroupSize: 32, extension })

export const allVariants: readonly Variant[] = [...madeVariants]

/**
 * Those that a GPU without tensor cores may be given: the products for small subgroups are for software. Ask for them when all
 * modules are loaded: a bundle loads its parts in another order.
 */
export const gpuVariants = (): Variant[] =>
  madeVariants.filter(({ shader }) => !/^gemm(Tensor|Small)/.test(shader.name))
