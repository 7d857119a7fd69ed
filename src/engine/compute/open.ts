// Chooses the device: the GPU when there is a real one that computes, else the CPU, and says why.
import { readdirSync } from 'node:fs'
import { parseByteSize } from '../../formatting/numbers.ts'
import { EngineError } from '../errors.ts'
import { machineMemoryBytes } from '../machine.ts'
import { upload, type Backend, type DeviceInfo } from './backend.ts'
import { openCpu } from './cpu/open.ts'
import { chooseAdapter, type AdapterChoice } from './webgpu/survey.ts'
import { knownDeviceMemory, memoryBound } from './webgpu/deviceMemory.ts'
import { openWebGpu, type WebGpuBackend } from './webgpu/backend.ts'

export interface OpenOptions {
  /** 'auto': the GPU where there is one that computes, else the CPU. */
  device: 'auto' | 'cpu' | 'wgpu'
  /** Name of the GPU, or a part of it (`doctor` lists them). It implies 'wgpu': no other device is taken instead. */
  adapter?: string
  /** Threads of the CPU backend; default: as many as the machine offers. */
  threads?: number
  /**
   * Most bytes of the GPU's memory to use, written like 8GB. Default: what the GPU gives, but at most half of the host's memory
   * if the GPU shares it, and all of the host's memory for a software adapter.
   */
  deviceMemory?: string
}

/** How GPUs are looked for before one is opened. */
interface Look {
  hasGpu(): boolean
  choose(adapter?: string): Promise<AdapterChoice>
}

/**
 * Opens the device; the caller closes it. `info.details.reason` says why this device was chosen, and `note` how a driver crashed.
 * 'wgpu' accepts software adapters too.
 * @throws EngineError 'usage' for options that do not fit, or 'unsupported' with the remedy where the GPU that was asked for does not
 * compute.
 */
export async function openBackend(
  { device, adapter, threads, ...options }: OpenOptions,
  look: Look = { hasGpu: mayHaveGpu, choose: chooseAdapter },
): Promise<Backend> {
  // Options are checked before a device is looked for: a typing error must not make the work run on another device.
  const deviceMemory = options.deviceMemory ? sizeOf(options.deviceMemory) : undefined
  if (device === 'cpu' && deviceMemory !== undefined)
    throw new EngineError(
      'usage',
      'the CPU has no device memory: leave --device-memory out; --memory is what it may use',
    )
  if (device === 'cpu') return withReason(await openCpu({ threads }), 'asked for')
  if (device === 'wgpu' || adapter)
    return withReason(await openProbed(await look.choose(adapter), deviceMemory), 'asked for')
  if (process.versions.electron)
    return withReason(await openCpu({ threads }), 'inside Electron results of a GPU cannot be read')
  if (!look.hasGpu()) return withReason(await openCpu({ threads }), 'this machine shows no GPU in /dev')
  const choice = await look.choose()
  const onCpu = async (reason: string) => withReason(withNote(await openCpu({ threads }), choice.note), reason)
  try {
    const gpu = await openProbed(choice, deviceMemory)
    if (gpu.info.details.software !== true) return withReason(gpu, 'a GPU that computes was found')
    await gpu.close()
    return await onCpu(`the only adapter is software (${gpu.info.description}), which is slower than the CPU backend`)
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    return onCpu(error.message)
  }
}

/** Linux shows every GPU in /dev; without one there is nothing to load a driver for. */
export function mayHaveGpu(): boolean {
  if (process.platform !== 'linux') return true
  const listed = (folder: string) => {
    try {
      return readdirSync(folder)
    } catch {
      return []
    }
  }
  return [...listed('/dev/dri'), ...listed('/dev')].some((name) => /^(renderD|nvidia\d|dxg$|kgsl)/.test(name))
}

/** Opens a device and checks that it computes and returns results: some drivers offer an adapter that does neither. */
async function openProbed({ request, note }: AdapterChoice, maxBytes: number | undefined): Promise<WebGpuBackend> {
  if (!request) throw new EngineError('unsupported', `${note}. The CPU backend (--device cpu) needs none`)
  const gpu = await openWebGpu({ maxBytes, ...request })
  try {
    await probe(gpu)
    if (maxBytes === undefined && gpu.info.details.software !== true) gpu.limitMemory(await memoryOf(gpu))
    return withNote(gpu, note)
  } catch (error) {
    await gpu.close()
    throw error
  }
}

/** Bytes that a GPU may use: at most half of the host's memory if it shares that, since all programs on the host need memory too. */
async function memoryOf({ traits, info, identity, measureMemory }: WebGpuBackend): Promise<number> {
  const bound = await memoryBound(String(info.details.vendor), traits.ownMemory === true)
  if (!traits.ownMemory) return Math.min(bound, machineMemoryBytes() / 2)
  return Math.min(bound, await knownDeviceMemory(identity, () => measureMemory(bound)))
}

function sizeOf(deviceMemory: string): number {
  const bytes = parseByteSize(deviceMemory)
  if (bytes !== null && bytes > 0) return bytes
  throw new EngineError('usage', `${deviceMemory} is no size of the device's memory; write it like 8GB or 500MiB`)
}

/** Computes and reads back. Rejects with `unsupported` when the result is wrong: the null backend reads zeros. */
export async function probe(backend: Backend): Promise<void> {
  const values = Float32Array.of(1, -2, 3.5)
  const x = upload(backend, 'f32', [3], values)
  const sum = backend.allocate('f32', [3])
  backend.kernels.add(sum, x, x)
  const result = await backend.read(sum)
  backend.release(x)
  backend.release(sum)
  if (!values.every((v, i) => result[i] === 2 * v))
    throw new EngineError(
      'unsupported',
      `${backend.info.description} does not compute: 1 + 1 gave ${result[0]}. Update its driver, or use --device cpu`,
    )
}

function withReason<B extends Backend>(backend: B, reason: string): B {
  return withDetails(backend, { reason })
}

function withNote<B extends Backend>(backend: B, note: string): B {
  return note ? withDetails(backend, { note }) : backend
}

function withDetails<B extends Backend>(backend: B, details: DeviceInfo['details']): B {
  return { ...backend, info: { ...backend.info, details: { ...backend.info.details, ...details } } }
}
