// The Vulkan drivers that a machine without a GPU can have, and adapters simulated on them.
import { existsSync } from 'node:fs'
import type { SimulatedAdapter } from './simulate.ts'

const [KiB, MiB, GiB] = [2 ** 10, 2 ** 20, 2 ** 30]

/** Each lacks something of what the kernels know how to use, as real adapters do. */
export const simulatedAdapters: Readonly<Record<string, SimulatedAdapter>> = {
  'as it is': {},
  'without subgroups': { hides: ['subgroups'] },
  'without shader-f16': { hides: ['shader-f16'] },
  'without timestamp queries': { hides: ['timestamp-query'] },
  "with WebGPU's default limits": {
    limits: {
      maxStorageBufferBindingSize: 128 * MiB,
      maxBufferSize: 256 * MiB,
      maxStorageBuffersPerShaderStage: 8,
      maxComputeInvocationsPerWorkgroup: 256,
      maxComputeWorkgroupStorageSize: 16 * KiB,
      minStorageBufferOffsetAlignment: 256,
      minUniformBufferOffsetAlignment: 256,
    },
  },
  'with bindings of 2 GiB − 4 and buffers of 1 GiB': {
    limits: { maxStorageBufferBindingSize: 2 * GiB - 4, maxBufferSize: GiB },
  },
  'with offsets at multiples of 256': { limits: { minStorageBufferOffsetAlignment: 256 } },
  'with offsets at multiples of 32': { limits: { minStorageBufferOffsetAlignment: 32 } },
  'with subgroups of 4': { subgroupSizes: [4, 4] },
  'with subgroups of 32': { subgroupSizes: [32, 32] },
  'with subgroups of 64': { subgroupSizes: [64, 64] },
  'with subgroups of 4 to 64': { subgroupSizes: [4, 64] },
}

/** Manifests of drivers, where Debian puts them, and what installs them. */
const drivers: Readonly<Record<string, { manifests: readonly string[]; from: string }>> = {
  lavapipe: {
    manifests: ['/usr/share/vulkan/icd.d/lvp_icd.json', '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json'],
    from: 'mesa-vulkan-drivers',
  },
  SwiftShader: { manifests: ['/usr/lib/chromium/vk_swiftshader_icd.json'], from: 'chromium-common' },
}

export const driverNames = Object.keys(drivers)

/** Runs `open` with that driver alone before the Vulkan loader, or says what is missing. */
export async function withDriver<T>(name: string, open: () => Promise<T>): Promise<T | { missing: string }> {
  const { manifests, from } = drivers[name]
  const manifest = manifests.find((path) => existsSync(path))
  if (!manifest) return { missing: `the Vulkan driver ${name} is not here: Debian has it in ${from}` }
  const before = process.env.VK_DRIVER_FILES
  process.env.VK_DRIVER_FILES = manifest
  try {
    return await open()
  } finally {
    if (before === undefined) delete process.env.VK_DRIVER_FILES
    else process.env.VK_DRIVER_FILES = before
  }
}
