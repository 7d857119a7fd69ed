// Messages between the calling thread and the GPU's thread. Commands run in order; replies carry the request's id.
import type { HostArray } from '../../dtype.ts'
import type { DeviceInfo } from '../backend.ts'
import type { ErrorCode } from '../../errors.ts'
import type { DeviceKernels } from './kernels.ts'
import type { Tensor } from '../tensor.ts'

export type KernelName = keyof DeviceKernels
export type KernelArgs = { readonly [K in KernelName]: Parameters<DeviceKernels[K]> }
export type KernelCalls = { readonly [K in KernelName]: (...args: KernelArgs[K]) => void }
/** A call of one kernel, with its own arguments. */
export type KernelCall<K extends KernelName = KernelName> = {
  [N in K]: { do: 'call'; kernel: N; args: KernelArgs[N]; program?: number }
}[K]

/** What names a program is kept by it (program.ts). */
export type Command =
  | { do: 'allocate'; buffer: number; bytes: number; program?: number }
  | { do: 'release'; buffer: number; program?: number }
  | { do: 'write'; tensor: Tensor; data: HostArray }
  | KernelCall
  /** The commands up to the program's next come anew in each replay: the next of `varied`. */
  | { do: 'vary'; program: number }
  | { do: 'replay'; program: number; varied: Command[][] }
  | { do: 'forget'; program: number }
  /** Bytes that tensors may take together from here on. */
  | { do: 'limit'; bytes: number }

/** Does the commands, and then what is asked; each of `ids` gets a reply. */
export type Request = { readonly commands: readonly Command[]; readonly ids: readonly number[] } & (
  | { readonly type: 'run' | 'sync' | 'close' }
  /** Several tensors for one wait, for an id each. */
  | { readonly type: 'read'; readonly tensors: readonly Tensor[] }
  /** How many bytes the device gives, up to `most`. */
  | { readonly type: 'measure'; readonly most: number }
)

export type Reply =
  /** To id 0, which nobody asks with, once the device is open: GpuFacts. */
  | { type: 'done'; id: number; data?: unknown }
  | { type: 'failed'; id: number; failure: Failure }
  /** The driver has taken so many bytes of writes. */
  | { type: 'written'; bytes: number }
  /** The device is gone; every later request is answered with this. */
  | { type: 'dead'; failure: Failure }

export interface Failure {
  code: ErrorCode
  message: string
}

export interface GpuFacts {
  description: string
  details: DeviceInfo['details']
  maxBufferBytes: number
  /** The GPU has memory of its own, as far as can be told. */
  ownMemory: boolean
  /** Adapter and driver: what a measurement of the memory holds for. */
  identity: string
  /** All that can be called. */
  kernels: readonly KernelName[]
}

/** How the GPU's thread is asked to open its device. */
export interface OpenRequest {
  /** Flags of Dawn for `create`: backend, adapter, features. */
  flags: string[]
  /** As in Gpu; the usual ones and the device's limit when null. Tests make them small. */
  windowBytes: number | null
  reachBytes: number | null
  /**
   * Which products: those written for small subgroups (software Vulkan), portable ones, these with the largest tiles or the
   * smallest wherever they can be (for tests), by the adapter, or on tensor cores, which round inputs to f16; without any the device does not open.
   */
  products: 'auto' | 'portable' | 'largeTiles' | 'smallTiles' | 'smallSubgroups' | 'tensorCores'
  /** Without experiments and the features that young drivers die of (survey.ts). */
  plain: boolean
  /** Binds no more of a buffer than a tensor's own bytes, which takes many more bind groups: for tests and counts. */
  exactBindings: boolean
  /** Measured operations a second in f32, null where nothing was measured: the size of a dispatch goes by it, no result does. */
  flopsPerSecond: number | null
}

export const usualRequest: OpenRequest = {
  ...{ flags: [], windowBytes: null, reachBytes: null, products: 'auto', plain: false },
  ...{ exactBindings: false, flopsPerSecond: null },
}

/** Kernels whose calls become commands. */
export function recordedKernels(names: readonly KernelName[], push: (call: KernelCall) => void): KernelCalls {
  const callOf =
    (kernel: KernelName) =>
    (...args: unknown[]) =>
      push({ do: 'call', kernel, args } as unknown as KernelCall)
  return Object.fromEntries(names.map((name) => [name, callOf(name)])) as unknown as KernelCalls
}
