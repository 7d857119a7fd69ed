// A GPU in this thread, whose shaders a test may rewrite before they are compiled.
import type { Backend } from '../../src/engine/compute/backend.ts'
import type { PruneKernels } from '../../src/engine/compute/pruneKernels.ts'
import {
  hasSmallSubgroups,
  largeTilesOf,
  requestAdapter,
  requestDevice,
} from '../../src/engine/compute/webgpu/adapter.ts'
import { type Command, recordedKernels } from '../../src/engine/compute/webgpu/protocol.ts'
import { accounted } from '../../src/engine/compute/webgpu/deviceMemory.ts'
import { webGpuPrune } from '../../src/engine/compute/webgpu/prune.ts'
import { Session } from '../../src/engine/compute/webgpu/session.ts'

export type GpuSession = Pick<Backend, 'allocate' | 'release' | 'write' | 'read' | 'kernels'> & {
  readonly prune: PruneKernels
  /** Names of the shaders that were compiled. */
  readonly compiled: ReadonlySet<string>
  close(): void
}

/** Rejects with `unsupported` when there is no adapter. */
export async function openGpuSession(
  rewrite: (code: string) => string,
  products: 'auto' | 'portable' | 'largeTiles' | 'smallTiles' = 'auto',
): Promise<GpuSession> {
  const adapter = await requestAdapter([])
  const device = await requestDevice(adapter)
  const compiled = new Set<string>()
  const compile = device.createShaderModule.bind(device)
  device.createShaderModule = ({ label, code }) => {
    compiled.add(label ?? '')
    return compile({ label, code: rewrite(code) })
  }
  const session = new Session(device, {
    windowBytes: 2 ** 24,
    reachBytes: 2 ** 24,
    smallSubgroups: products === 'auto' && hasSmallSubgroups(adapter),
    largeTiles: largeTilesOf(adapter.info, device.limits, products),
    flopsPerSecond: null,
    tensorProducts: null,
  })
  let commands: Command[] = []
  let buffers = 0
  const push = (command: Command) => void commands.push(command)
  const kernels = recordedKernels(session.kernelNames, push)
  const memory: Pick<Backend, 'allocate' | 'release' | 'write' | 'read'> = {
    ...accounted({ take: () => ++buffers, release: () => undefined }, push),
    write: (tensor, data) => void commands.push({ do: 'write', tensor, data: data.slice() }),
    async read(tensor) {
      const recorded = commands
      commands = []
      const [found] = await session.execute(recorded, [tensor])
      const failure = session.takeFailure()
      if (failure) throw new Error(failure.message)
      return found
    },
  }
  return { ...memory, kernels, prune: webGpuPrune(memory, kernels, kernels), compiled, close: () => session.close() }
}
