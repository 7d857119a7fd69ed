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

/** A command with a `program` belongs to it: the program keeps its memory and dispatches for replays (program.ts). */
export type Command =
  | { do: 'allocate'; buffer: number; bytes: number; program?: number }
  | { do: 'release'; buffer: number; program?: number }
  | { do: 'write'; tensor: Tensor; data: HostArray }
  | KernelCall
  /** Marks the place in the program at which each replay executes its next entry of `varied`. */
  | { do: 'vary'; program: number }
  | { do: 'replay'; program: number; varied: Command[][] }
  | { do: 'forget'; program: number }
  /** Bytes that tensors may take together from here on. */
  | { do: 'limit'; bytes: number }

/** Executes the commands and then the request itself; each of `ids` gets a reply. */
export type Request = { readonly commands: readonly Command[]; readonly ids: readonly number[] } & (
  | { readonly type: 'run' | 'sync' | 'close' }
  /** Reads several tensors with one wait; each has its own id. */
  | { readonly type: 'read'; readonly tensors: readonly Tensor[] }
  /** How many bytes the device gives, up to `most`. */
  | { readonly type: 'measure'; readonly most: number }
)

export type Reply =
  /** Id 0, which no request has, carries GpuFacts once the device is open. */
  | { type: 'done'; id: number; data?: unknown }
  | { type: 'failed'; id: number; failure: Failure }
  /** The driver has taken this many more bytes of writes. */
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
  /** Adapter and driver. A measurement of the memory is valid for this pair. */
  identity: string
  kernels: readonly KernelName[]
}

/** How the GPU's thread is asked to open its device. */
export interface OpenRequest {
  /** Flags of Dawn for `create`: backend, adapter, features. */
  flags: string[]
  /** As in Gpu. null: the default window, and the device's limit as reach. Tests make both small. */
  windowBytes: number | null
  reachBytes: number | null
  /**
   * Which shaders compute products: those that suit the adapter, portable ones, portable ones with the largest or smallest tiles wherever
   * possible (for tests), those for small subgroups (software Vulkan), or tensor cores, which must exist and may round inputs to f16.
   */
  products: 'auto' | 'portable' | 'largeTiles' | 'smallTiles' | 'smallSubgroups' | 'tensorCores'
  /** Opens without experimental features and those that can crash immature drivers (survey.ts). */
  plain: boolean
  /** Binds no more of a buffer than a tensor's own bytes, which takes many more bind groups: for tests and counts. */
  exactBindings: boolean
  /** Measured f32 operations per second; null if not measured. It determines the size of dispatches, but no result. */
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
