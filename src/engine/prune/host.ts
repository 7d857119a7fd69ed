// Pruning happens on a CPU backend, whatever device runs the model: tensors of other devices visit it.
import { upload, type Backend } from '../compute/backend.ts'
import type { PruneKernels } from '../compute/pruneKernels.ts'
import type { Tensor } from '../compute/tensor.ts'

/** A CPU backend: the one that runs the model, or one opened beside it. */
export type PruneHost = Backend & { readonly prune: PruneKernels }

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
