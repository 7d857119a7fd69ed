// Pruning runs on the backend that runs the model. If that cannot prune, tensors are copied to a CPU and back.
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

/** A float tensor, the visitor, on the host in f32 until it is released. */
export interface Visit {
  readonly tensor: Tensor
  /** Copies changes back to the visitor, rounded to its type, unless `tensor` is the visitor itself. */
  writeBack(): Promise<void>
  release(): void
}

export async function visitHost(backend: Backend, host: PruneHost, visitor: Tensor): Promise<Visit> {
  if (backend !== host) return visitElsewhere(backend, host, visitor)
  if (visitor.dtype === 'f32') return { tensor: visitor, writeBack: async () => undefined, release: () => undefined }
  const tensor = host.allocate('f32', visitor.shape)
  host.kernels.convert(tensor, visitor)
  return {
    tensor,
    writeBack: async () => host.kernels.convert(visitor, tensor),
    release: () => host.release(tensor),
  }
}

async function visitElsewhere(backend: Backend, host: PruneHost, visitor: Tensor): Promise<Visit> {
  const guest = upload(host, visitor.dtype, visitor.shape, await backend.read(visitor))
  const wide = await visitHost(host, host, guest).catch((error: unknown) => {
    host.release(guest)
    throw error
  })
  return {
    tensor: wide.tensor,
    async writeBack() {
      await wide.writeBack()
      backend.write(visitor, await host.read(guest))
    },
    release() {
      wide.release()
      host.release(guest)
    },
  }
}
