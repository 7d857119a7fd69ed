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

export type Request =
  | { type: 'run'; commands: Command[] }
  /** Several tensors for one wait, behind the commands. */
  | { type: 'read'; commands: Command[]; reads: { id: number; tensor: Tensor }[] }
  | { type: 'sync'; commands: Command[]; id: number }
  /** How many bytes the device gives, up to `most`: `data` holds their GiB. */
  | { type: 'measure'; id: number; most: number }
  | { type: 'close'; id: number }

export type Reply =
  | { type: 'ready'; facts: GpuFacts }
  | { type: 'done'; id: number; data?: HostArray }
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

const names: Record<keyof DeviceKernels, true> = {
  linear: true,
  linears: true,
  gatedLinears: true,
  linearBackwardInput: true,
  linearsBackwardInput: true,
  linearBackwardWeight: true,
  gemm: true,
  gram: true,
  loraWeight: true,
  loraWeights: true,
  loraBackward: true,
  lorasBackward: true,
  scaleWeight: true,
  scaleBackward: true,
  applyMask: true,
  columnSum: true,
  columnSquares: true,
  gatherRows: true,
  scatterAddRows: true,
  rowDot: true,
  copy: true,
  layerNorm: true,
  layerNormBackward: true,
  rmsNorm: true,
  rmsNormBackward: true,
  rope: true,
  attention: true,
  attentionStep: true,
  attentionBackward: true,
  activation: true,
  activationBackward: true,
  gated: true,
  gatedBackward: true,
  add: true,
  addScaled: true,
  fill: true,
  convert: true,
  logSumExpChunk: true,
  crossEntropyBackwardChunk: true,
  divergenceChunk: true,
  distillBackwardChunk: true,
  squaredError: true,
  squaredErrorBackward: true,
  sumSquares: true,
  adamw: true,
  countDigit: true,
  countTies: true,
  maskBelow: true,
  maskSmallest: true,
  maskRows: true,
  maskGroups: true,
  factorBegin: true,
  factorPanel: true,
  sweep: true,
  swapRows: true,
}

/** The calling thread makes a recorder for each. Complete by type: a new kernel does not compile until it is named here. */
export const kernelNames = Object.keys(names) as (keyof DeviceKernels)[]
