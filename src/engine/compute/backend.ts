// One device: it owns memory, runs kernels in call order, and reads back.
import type { DType, HostArray } from '../dtype.ts'
import { EngineError } from '../errors.ts'
import type { FusedKernels, Kernels } from './kernels.ts'
import type { PruneKernels } from './pruneKernels.ts'
import type { Tensor } from './tensor.ts'

export type Device = 'cpu' | 'wgpu'

export interface DeviceInfo {
  readonly device: Device
  /** Its name for people: "OpenBLAS 0.3.29, 2 threads" or the adapter's name. */
  readonly description: string
  /** Everything that makes a report repeatable: BLAS, its configuration, threads, adapter, driver. */
  readonly details: Record<string, string | number | boolean>
}

/** The traits that callers choose by; nothing outside this folder asks a device for its name. */
export interface DeviceTraits {
  /** Tensors lie in the host's memory: what stays on the device is not copied. */
  readonly inHostMemory: boolean
  /** Set where its memory is apart from the host's. */
  readonly ownMemory?: boolean
  /** Largest tensor; absent where memory alone limits it. */
  readonly mostTensorBytes?: number
  /** Products widen 16-bit weights each time, so f32 ones are faster where they fit. */
  readonly widensWeights: boolean
  /** Multiplies bf16 by bf16 with f32 sums, on a CPU faster than f32: products take activations in bf16. */
  readonly bf16Products: boolean
}

/** With bf16, inputs of products are rounded to bf16; their sums, and everything else, are f32. */
export type Precision = 'f32' | 'bf16'

export interface MemoryUse {
  readonly usedBytes: number
  readonly peakBytes: number
  /** Bytes that the device could hold, as it reports them. */
  readonly limitBytes: number
}

/** The smaller limit for plans from now on. */
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
  /** Absent where the device has no such order. */
  readonly packing?: Packing
  /** Selection of weights and SparseGPT; the reference has them apart. */
  readonly prune?: PruneKernels
  /** New memory; its contents are undefined. Throws `out-of-memory` (or the next `sync` does). */
  allocate(dtype: DType, shape: readonly number[]): Tensor
  /** Gives the whole buffer back. Views of it become invalid. Kernels called before still see it. */
  release(tensor: Tensor): void
  /** Host to device. `data` has the tensor's length; it is copied before this returns, or `given` away: then nobody looks at it again. */
  write(tensor: Tensor, data: HostArray, given?: boolean): void
  /**
   * Resolves when little of what was written still waits in the host's memory: between two blocks of a model that is read
   * faster than the device takes it. Absent where tensors lie there anyway.
   */
  written?(): Promise<void>
  /** Device to host, in a new array. */
  read(tensor: Tensor): Promise<HostArray>
  /** Resolves when everything called so far is done; rejects with the first error of it. */
  sync(): Promise<void>
  memory(): MemoryUse
  /** Tells passes how many windows go together. Absent where memory is the host's. */
  readonly rowLimit?: RowLimit
  /**
   * After `out-of-memory` of the device: lowers what `memory().limitBytes` says from now on, or `rowLimit` where the last try took
   * more than its plan already; null when there is nothing to gain. Absent where memory is the host's.
   */
  planWithLess?(): SmallerPlan | null
  /**
   * After `device-lost`: a new device of the same adapter, without any tensor. @throws EngineError where there is none. Absent where
   * devices are not lost.
   */
  reopen?(): Promise<void>
  /** Absent where calling kernels costs little beside running them. */
  record?(): Recorder
  close(): Promise<void>
}

/** Turns a bf16 weight [O, I] in place into type `packed`, which only `linear` and `gatherRows` read, and back. Other tensors are returned as they are. */
export interface Packing {
  pack(weight: Tensor): Tensor
  unpack(weight: Tensor): Tensor
}

/** Records kernels while they run, to run them again on the same tensors without calling them. */
export interface Recorder {
  /** Tensors of it stay until `close`; what is released becomes room for later ones. It writes in `varying` only. */
  readonly backend: Pick<Backend, 'kernels' | 'allocate' | 'release' | 'write'>
  /** Takes writes and kernels whose arguments differ every time, but not their number: they are called now, and before each replay. */
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
