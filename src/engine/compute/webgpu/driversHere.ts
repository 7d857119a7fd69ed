// Which graphics drivers are installed, told without loading one: what is known of them holds until that changes.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir, release } from 'node:os'
import { join } from 'node:path'

/** Variables by which the loader of Vulkan, Dawn and the drivers choose. */
const choosing = /^(VK_|DAWN|MESA_|DRI_|LIBGL_|__NV|__GL|NVIDIA_|CUDA_VISIBLE|ZE_)/

/** A short text for the versions, the cards, and the times at which drivers were installed. */
export function driversHere(): string {
  const { env, platform, arch } = process
  const chosen = Object.entries(env).filter(([name]) => choosing.test(name))
  const cards = listed('/sys/class/drm').map((card) => ['vendor', 'device'].map((id) => text(`${card}/device/${id}`)))
  const modules = ['nvidia', 'amdgpu', 'i915', 'xe'].map((name) => text(`/sys/module/${name}/version`))
  const drivers = placesOfDrivers(platform).map((path) => [path, timeOf(path)])
  const all = JSON.stringify([platform, arch, release(), dawnVersion(), chosen.sort(), cards, modules, drivers])
  return createHash('sha256').update(all).digest('hex').slice(0, 32)
}

/** macOS brings its drivers with its releases; the folder of Windows changes with each driver that is installed. */
function placesOfDrivers(platform: NodeJS.Platform): string[] {
  if (platform === 'darwin') return []
  if (platform === 'win32')
    return [join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'DriverStore', 'FileRepository')]
  const roots = ['/usr/share', '/usr/local/share', '/etc', join(homedir(), '.local', 'share')]
  return ['/usr/lib/wsl/drivers', ...roots.flatMap((root) => listed(join(root, 'vulkan', 'icd.d')))]
}

/** Paths of what is in a folder, in a fixed order. */
function listed(folder: string): string[] {
  return (
    attempt(() =>
      readdirSync(folder)
        .sort()
        .map((name) => join(folder, name)),
    ) ?? []
  )
}

const text = (path: string) => attempt(() => readFileSync(path, 'utf8').trim())
const timeOf = (path: string) => attempt(() => statSync(path).mtimeMs)

function dawnVersion(): unknown {
  return attempt(() => (createRequire(import.meta.url)('webgpu/package.json') as { version?: unknown }).version)
}

function attempt<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}
