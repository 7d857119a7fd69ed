// Loading Dawn and asking it for an adapter. Runs in the GPU's thread only.
import { EngineError } from '../../errors.ts'
import { largestWorkgroup } from './ops/gemm/tiled.ts'
import type { OpenRequest } from './protocol.ts'
import type { Gpu } from './shader.ts'
import { chooseShape, type SubgroupMatrixConfig, type TensorCores } from './ops/gemm/tensorCores.ts'

/** Never released: Dawn aborts the process if an instance is garbage-collected while one of its objects is alive. */
const instances: GPU[] = []

/** The adapter that Dawn's flags select, else its first; `plain`: no experimental features. Rejects with `unsupported` and a remedy. */
export async function requestAdapter(flags: string[], plain = false): Promise<GPUAdapter> {
  const gpu = await createInstance(plain ? flags : [...flags, dawnFeatures])
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' }).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message.replaceAll('\n', ' ') : String(cause)
    throw new EngineError('unsupported', `no WebGPU adapter as asked for (${flags.join(' ')}): ${reason}`, { cause })
  })
  if (!adapter) throw new EngineError('unsupported', `no WebGPU adapter was found: ${adapterRemedy(process.platform)}`)
  return adapter
}

/** Names of all adapters, discrete GPUs first and software last. Dawn tells them only in the error for a name that does not exist. */
export async function adapterNames(): Promise<string[]> {
  const gpu = await createInstance(['adapter=?'])
  const listed = await gpu.requestAdapter({ powerPreference: 'high-performance' }).then(
    () => '',
    (error: unknown) => String(error),
  )
  return Array.from(listed.matchAll(/name: '([^\n]*)'/g), ([, name]) => name)
}

/** Allows experimental features, and f16 on NVIDIA, which Dawn hides by default. */
const dawnFeatures = 'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia'

async function createInstance(flags: string[]): Promise<GPU> {
  let webgpu: typeof import('webgpu')
  try {
    webgpu = await import('webgpu')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw new EngineError('unsupported', `the package webgpu (Dawn) does not load here: ${reason}`, { cause })
  }
  Object.assign(globalThis, webgpu.globals)
  const gpu = webgpu.create(flags)
  instances.push(gpu)
  return gpu
}

/** A remedy for the case that no adapter is found. */
function adapterRemedy(platform: NodeJS.Platform): string {
  if (platform === 'linux')
    return (
      'install the Vulkan driver of your GPU (AMD, Intel: apt-get install mesa-vulkan-drivers; NVIDIA: its driver with ' +
      'libvulkan1, and in a container NVIDIA_DRIVER_CAPABILITIES=all or including graphics); mesa-vulkan-drivers also ' +
      'brings a software adapter. The CPU backend (--device cpu) needs none'
    )
  if (platform === 'win32') return 'update the GPU driver (Direct3D 12 is needed), or use --device cpu'
  return 'this machine offers no GPU to programs; use --device cpu'
}

const softwareNames = /llvmpipe|lavapipe|swiftshader|microsoft basic render|\bwarp\b/i

/** Software adapters compute on the CPU, slower than the CPU backend does. */
export function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter || softwareNames.test(`${info.device} ${info.description} ${info.architecture}`)
}

/** Vendors whose GPUs mostly share the host's memory; WebGPU does not say which do. */
const sharing = /apple|intel|qualcomm|arm|img/i

/** Names of AMD's processors with graphics, and of NVIDIA's boards that share the processor's memory. */
const sharingNames =
  /radeon(\(tm\))? (graphics|\d{3}m\b|\d{4}s\b)|vega \d+ graphics|amd custom [ag]pu|\b(tegra|orin|xavier|gb10)\b/i

/** Intel's cards: Arc A770, Arc Pro B60, Data Center GPU Max. "Arc(tm) Graphics" and "Arc(tm) 140V" are processors. */
const intelCards = /\barc(\(tm\))? (pro )?[ab]\d{2,3}|data center gpu/i

export function hasOwnMemory(info: GPUAdapterInfo): boolean {
  const name = `${info.device} ${info.description}`
  if (isSoftware(info)) return false
  return intelCards.test(name) || (!sharing.test(info.vendor) && !sharingNames.test(name))
}

export function adapterName(info: GPUAdapterInfo): string {
  return info.description || info.device || info.vendor || 'unnamed adapter'
}

/** The name that is planned for the extension, and Chromium's current one. WGSL writes both with underscores. */
const matrixFeatures = ['subgroup-matrix', 'chromium-experimental-subgroup-matrix'] as string[] as GPUFeatureName[]
const sizeFeature = 'subgroup-size-control' as GPUFeatureName

const plainFeatures: GPUFeatureName[] = ['subgroups']
const wantedFeatures: GPUFeatureName[] = [...plainFeatures, 'shader-f16', ...matrixFeatures, sizeFeature]

const wantedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'minStorageBufferOffsetAlignment',
  'minUniformBufferOffsetAlignment',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
] as const
type WantedLimit = (typeof wantedLimits)[number]

/** Lanes of a subgroup that are requested if an adapter supports several sizes. */
const usualSubgroup = 32

/** The adapter's matrix units; null unless it lists a shape that the kernel knows and its subgroup size is fixed or can be requested. */
export function tensorCoresOf({ info, features }: GPUAdapter): TensorCores | null {
  const { subgroupMinSize: least, subgroupMaxSize: most } = info
  const configs = (info as { subgroupMatrixConfigs?: Iterable<SubgroupMatrixConfig> }).subgroupMatrixConfigs ?? []
  const chosen = chooseShape([...configs])
  const feature = matrixFeatures.find((name) => features.has(name))
  if (!chosen || !feature || !features.has('subgroups') || !least || !most) return null
  if (chosen.input === 'f16' && !features.has('shader-f16')) return null
  const fixesSize = least !== most
  if (fixesSize && !features.has(sizeFeature)) return null
  const subgroupSize = Math.min(most, Math.max(least, usualSubgroup))
  return { ...chosen, subgroupSize, fixesSize, extension: feature.replaceAll('-', '_') }
}

/** Least number of large tiles for which they are used: two for each multiprocessor of a large card. */
const manyTiles = 256

/** GPUs of processors and phones have fewer registers and less memory for a workgroup: small tiles suit them. */
export function largeTilesOf(
  { vendor }: Pick<GPUAdapterInfo, 'vendor'>,
  limits: Pick<GPUSupportedLimits, 'maxComputeWorkgroupStorageSize'>,
  products: OpenRequest['products'] = 'auto',
): Gpu['largeTiles'] {
  const always = products === 'largeTiles'
  if (products === 'smallTiles' || (!always && /intel|qualcomm|arm|img/i.test(vendor))) return null
  const buffers = limits.maxComputeWorkgroupStorageSize >= largestWorkgroup ? 2 : 1
  return { least: always ? 1 : manyTiles, buffers }
}

/** Whether this is a software adapter with subgroups of 8 lanes, for which ops/gemm/small.ts is written. */
export function hasSmallSubgroups({ info, features }: GPUAdapter): boolean {
  const { subgroupMinSize, subgroupMaxSize } = info
  return isSoftware(info) && features.has('subgroups') && subgroupMaxSize === 8 && subgroupMinSize === 8
}

/** AMD's driver for Windows fails at allocations of more than 2 GiB, whatever it lists. */
const mostBytesOfAmd = 2 ** 31 - 4
/** Qualcomm's fails at bindings of more than 256 MiB. */
const mostBoundOfQualcomm = 2 ** 28

/**
 * The features that kernels use and the adapter's own limits, since WebGPU's default limits are small. Some drivers are asked
 * for less than they list. `plain` leaves out the features that can crash immature drivers.
 */
export function deviceRequest(
  { info, features, limits }: GPUAdapter,
  plain = false,
  platform = process.platform,
): { requiredFeatures: GPUFeatureName[]; requiredLimits: Record<WantedLimit, number> } {
  const most = platform === 'win32' && /amd/i.test(info.vendor) ? mostBytesOfAmd : Infinity
  const mostBound = /qualcomm/i.test(info.vendor) ? mostBoundOfQualcomm : most
  const bounds: Partial<Record<WantedLimit, number>> = {
    maxBufferSize: most,
    maxStorageBufferBindingSize: mostBound,
  }
  const asked = (limit: WantedLimit) => Math.min(limits[limit], bounds[limit] ?? Infinity)
  return {
    requiredFeatures: (plain ? plainFeatures : wantedFeatures).filter((feature) => features.has(feature)),
    requiredLimits: Object.fromEntries(wantedLimits.map((limit) => [limit, asked(limit)])) as Record<
      WantedLimit,
      number
    >,
  }
}

export function requestDevice(adapter: GPUAdapter, plain = false): Promise<GPUDevice> {
  return adapter.requestDevice(deviceRequest(adapter, plain))
}
