// Pruning happens on the backend that runs the model, or where that cannot on a CPU that its tensors visit.
import { upload, type Backend } from '../compute/backend.ts'
import { openCpu } from '../compute/cpu/open.ts'
import type { PruneKernels } from '../compute/pruneKernels.ts'
import type { Tensor } from '../compute/tensor.ts'

/** A backend that prunes: the one that runs the model, or a CPU opened beside it. */
export type PruneHost = Backend & { readonly prune: PruneKernels }

/** The backend itself where it can prune, else a CPU opened beside it for as long as `body` runs. */
export async function withPruneHost<T>(backend: Backend, body: (host: PruneHost) => Promise<T>): Promise<T> {
  if (canPrune(backend)) return body(backend)
  const own = await openCpu()
  try {
    return await body(own)
  } finally {
    await own.close()
  }
}

function canPrune(backend: Backend): backend is PruneHost {
  return backend.prune !== undefined
}

/** A tensor on the host for a while. */
export interface Visit {
  readonly tensor: Tensor
  /** Copies changes back, if the tensor lives elsewhere. */
  writeBack(): Promise<void>
  release(): void
}

export async function visitHost(backend: Backend, host: PruneHost, tensor: Tensor): Promise<Visit> {
  if (backend === host) return { tensor, writeBack: async () => undefined, release: () => undefined }
  const guest = upload(host, tensor.dtype, tensor.shape, await backend.read(tensor))
  return {
    tensor: guest,
    writeBack: async () => backend.write(tensor, await host.read(guest)),
    release: () => host.release(guest),
  }
}
