// One device: it owns memory, runs kernels in call order, and reads back.
import type { DType, HostArray } from '../dtype.ts'
import { EngineError } from '../errors.ts'
import type { FusedKernels, Kernels } from './kernels.ts'
import type { PruneKernels } from './pruneKernels.ts'
import type { Tensor } from './tensor.ts'

export type Device = 'cpu' | 'wgpu'

export interface DeviceInfo {
  readonly device: Device
  /** A name to show to users: "OpenBLAS 0.3.29, 2 threads" or the adapter's name. */
  readonly description: string
  /** Everything that makes a report repeatable: BLAS, its configuration, threads, adapter, driver. */
  readonly details: Record<string, string | number | boolean>
}

/** What callers base their choices on. Nothing outside this folder makes a choice by the name of a device. */
export interface DeviceTraits {
  /** Tensors are in the memory of this process, so there are no copies between host and device. */
  readonly inHostMemory: boolean
  /** Whether the device has memory of its own, apart from the host's. */
  readonly ownMemory?: boolean
  /** Most bytes of one tensor; absent where memory alone limits its size. */
  readonly mostTensorBytes?: number
  /** Every f32 product converts 16-bit weights to f32 first, so weights kept in f32 are faster where they fit. */
  readonly widensWeights: boolean
  /** Products can multiply bf16 by bf16 with f32 sums, which is faster than f32. Their activations are then bf16. */
  readonly bf16Products: boolean
}

/** With bf16, inputs of products are rounded to bf16; their sums, and everything else, are f32. */
export type Precision = 'f32' | 'bf16'

export interface MemoryUse {
  readonly usedBytes: number
  readonly peakBytes: number
  /** Most bytes that plans may count on. */
  readonly limitBytes: number
}

/** The limit that has been lowered for all plans from now on. */
export type SmallerPlan = { readonly limitBytes: number } | { readonly rows: number }

/**
 * Kernel calls return at once or block briefly, but are never awaited: they run in call order, and `read`
 * sees every kernel called before it. An error in a kernel surfaces at the next `read` or `sync`.
 */
export interface Backend {
  readonly info: DeviceInfo
  readonly traits: DeviceTraits
  /** The type in which products of a model are computed (computeIn.ts). A device opens with f32. */
  readonly precision: Precision
  readonly kernels: Kernels
  /** Absent where the device has none. */
  readonly fused?: FusedKernels
  /** Absent where the device has no packed order of weights. */
  readonly packing?: Packing
  /** Selection of weights and SparseGPT. Absent in the reference backend of the tests. */
  readonly prune?: PruneKernels
  /** New memory; its contents are undefined. Throws `out-of-memory` (or the next `sync` does). */
  allocate(dtype: DType, shape: readonly number[]): Tensor
  /** Gives the whole buffer back. Views of it become invalid. Kernels called before still see it. */
  release(tensor: Tensor): void
  /** Host to device. `data` has the tensor's length. It is copied before this returns; once `given`, the caller must not use it. */
  write(tensor: Tensor, data: HostArray, given?: boolean): void
  /**
   * Resolves when few written bytes still wait in the host's memory. Await it between blocks, since a model may be read faster
   * than the device takes it. Absent where tensors are in the host's memory.
   */
  written?(): Promise<void>
  /** Device to host, in a new array. */
  read(tensor: Tensor): Promise<HostArray>
  /** Resolves when everything called so far is done; rejects with the first error. */
  sync(): Promise<void>
  memory(): MemoryUse
  /** Limits how many windows a pass takes at once. Absent where tensors are in the host's memory. */
  readonly rowLimit?: RowLimit
  /**
   * After an `out-of-memory` error: lowers `memory().limitBytes`, or halves `rowLimit` where the last try exceeded its plan.
   * Returns null if neither can be lowered. Absent where tensors are in the host's memory.
   */
  planWithLess?(): SmallerPlan | null
  /**
   * After a `device-lost` error: opens the same adapter again, without any tensors. @throws EngineError where that fails. Absent
   * where a device cannot be lost.
   */
  reopen?(): Promise<void>
  /** Absent where calling kernels takes little time compared with running them. */
  record?(): Recorder
  /** Never rejects, also where the device was lost. */
  close(): Promise<void>
}

/** Turns a bf16 weight [O, I] in place into type `packed`, which only `linear` and `gatherRows` read, and back. Other tensors are returned as they are. */
export interface Packing {
  pack(weight: Tensor): Tensor
  unpack(weight: Tensor): Tensor
}

/** Records kernels while they run, to run them again on the same tensors without calling them. */
export interface Recorder {
  /** Its tensors stay until `close`: memory that is released is reused for later tensors. `write` is allowed in `varying` only. */
  readonly backend: Pick<Backend, 'kernels' | 'allocate' | 'release' | 'write'>
  /** Runs `call` now and before each replay. Its writes and kernels may have other arguments each time, but their number is fixed. */
  varying(call: () => void): void
  /** Runs all kernels again, in their order. */
  replay(): void
  close(): void
}

/** `read` of an f32 tensor. @throws EngineError 'internal' for one of another type. */
export async function readF32(backend: Pick<Backend, 'read'>, tensor: Tensor): Promise<Float32Array> {
  const values = await backend.read(tensor)
  if (values instanceof Float32Array) return values
  throw new EngineError('internal', `internal: a tensor of ${tensor.dtype} is read as f32`)
}

/** The f32 values of a tensor of floats of any type. */
export async function readWide(backend: Backend, tensor: Tensor): Promise<Float32Array> {
  if (tensor.dtype === 'f32') return readF32(backend, tensor)
  const wide = backend.allocate('f32', tensor.shape)
  try {
    backend.kernels.convert(wide, tensor)
    return await readF32(backend, wide)
  } finally {
    backend.release(wide)
  }
}

/** Allocates and writes in one go; `given` as for `write`. */
export function upload(
  backend: Pick<Backend, 'allocate' | 'write'>,
  dtype: DType,
  shape: readonly number[],
  data: HostArray,
  given = false,
): Tensor {
  const tensor = backend.allocate(dtype, shape)
  backend.write(tensor, data, given)
  return tensor
}

/** Limits how many rows of activations (tokens) go through a model together: as many as a pass asks for, until memory runs out. */
export class RowLimit {
  #most = Infinity
  /** Rows of the latest pass, which asked for the memory that was refused; 0 where it cannot have fewer. */
  #latest = 0

  /** The number of `wanted` items (windows) of `rowsEach` rows that go together: at least one. */
  take(wanted: number, rowsEach: number): number {
    const items = Math.max(1, Math.min(wanted, Math.floor(this.#most / rowsEach)))
    this.#latest = items > 1 ? items * rowsEach : 0
    return items
  }

  /** Limits passes to half the rows of the latest one; returns the limit, or null where that pass had a single item. */
  halve(): number | null {
    if (this.#latest === 0) return null
    this.#most = Math.floor(this.#latest / 2)
    this.#latest = 0
    return this.#most
  }
}

/** The number of `wanted` items (windows, batches) of `rowsEach` rows that go through the model together. Ask right before they do. */
export function itemsAtOnce({ rowLimit }: { readonly rowLimit?: RowLimit }, wanted: number, rowsEach: number): number {
  return rowLimit?.take(wanted, rowsEach) ?? Math.max(1, wanted)
}
