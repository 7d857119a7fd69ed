// What Mesa's compiler for AMD makes of the shaders. It needs no card: RADV compiles for the chip that RADV_FORCE_FAMILY names. Of
// those only Polaris opens under Dawn; Mesa 25 crashes with Vega and Navi when the first command buffer begins.
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { childArguments } from './children.ts'

export interface ShaderStats {
  readonly key: string
  readonly vgprs: number
  readonly sgprs: number
  /** Bytes of workgroup memory, and of memory for variables that registers do not hold. */
  readonly lds: number
  readonly scratch: number
  /** Registers of both kinds that went to memory. */
  readonly spills: number
  /** Waves of 64 lanes that each of a unit's four SIMDs holds at once, by registers and workgroup memory. */
  readonly waves: number
  /** Instructions in the text of the shader by name: `buffer_load_dwordx4`, `ds_read_b128`, … */
  readonly memory: ReadonlyMap<string, number>
}

/** Exit code of the child where the driver offers nothing. */
const noAdapter = 3

const manifests = ['/usr/share/vulkan/icd.d/radeon_icd.json', '/usr/share/vulkan/icd.d/radeon_icd.x86_64.json']

/** In the order of `gpuVariants`, or what this machine lacks. */
export function amdStats(): readonly ShaderStats[] | { readonly missing: string } {
  const manifest = manifests.find((path) => existsSync(path))
  if (!manifest) return { missing: "Mesa's Vulkan driver for AMD is not here: Debian has it in mesa-vulkan-drivers" }
  // A pipe that is full would end the child's own writes.
  const folder = mkdtempSync(join(tmpdir(), 'sparsescope-amd-'))
  const file = openSync(join(folder, 'said'), 'w+')
  try {
    const { status, signal } = spawnSync(process.execPath, childArguments('amdCompileChild'), {
      ...{ stdio: ['ignore', 'ignore', file], timeout: 300_000 },
      env: {
        ...process.env,
        ...{ VK_DRIVER_FILES: manifest, RADV_FORCE_FAMILY: 'polaris10', RADV_DEBUG: 'shaderstats,asm,nocache' },
      },
    })
    const [said, ...shaders] = readFileSync(join(folder, 'said'), 'utf8').split(/^== /m)
    if (signal || status === noAdapter)
      return { missing: `RADV does not open as polaris10 here: ${signal ?? said.trim()}` }
    if (status !== 0)
      throw new Error(`the shaders do not compile for polaris10: ${(shaders.at(-1) ?? said).slice(-2000)}`)
    return shaders.map(statsOf)
  } finally {
    closeSync(file)
    rmSync(folder, { recursive: true })
  }
}

function statsOf(text: string): ShaderStats {
  const number = (name: string) => {
    const found = new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)
    if (!found) throw new Error(`the driver printed no "${name}" for ${text.split('\n')[0]}`)
    return Number(found[1])
  }
  const memory = new Map<string, number>()
  for (const [name] of text.matchAll(/\b(?:buffer|ds)_(?:load|store|read|write)\w*/g))
    memory.set(name, (memory.get(name) ?? 0) + 1)
  return {
    ...{ key: text.split('\n')[0], vgprs: number('VGPRs'), sgprs: number('SGPRs') },
    ...{ lds: number('LDS size'), scratch: number('Scratch size'), waves: number('Subgroups per SIMD') },
    ...{ spills: number('Spilled VGPRs') + number('Spilled SGPRs'), memory },
  }
}

/** Instructions whose names begin so. */
export function countOf({ memory }: ShaderStats, start: string): number {
  return [...memory].reduce((sum, [name, count]) => sum + (name.startsWith(start) ? count : 0), 0)
}
