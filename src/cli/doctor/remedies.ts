// Remedies for missing parts, as commands of the system's own package manager.
import type { DoctorFacts } from './facts.ts'

interface Installer {
  readonly like: RegExp
  readonly blas: string
  readonly oneDnn?: string
  readonly vulkan: string
}

/** Package managers by a word of ID or ID_LIKE in /etc/os-release; the first that matches is taken. */
const installers: readonly Installer[] = [
  {
    like: /debian|ubuntu/,
    blas: 'apt-get install libopenblas0-pthread',
    oneDnn: 'apt-get install libdnnl3.6 (libdnnl3 in some releases)',
    vulkan: 'apt-get install mesa-vulkan-drivers libvulkan1',
  },
  {
    like: /fedora|rhel|centos/,
    blas: 'dnf install openblas-threads',
    oneDnn: 'dnf install onednn',
    vulkan: 'dnf install mesa-vulkan-drivers vulkan-loader',
  },
  {
    like: /suse/,
    blas: 'zypper install libopenblas_pthreads0',
    oneDnn: 'zypper install libdnnl3',
    vulkan: 'zypper install libvulkan1 Mesa-vulkan-device-select',
  },
  {
    like: /arch/,
    blas: 'pacman -S openblas',
    oneDnn: 'pacman -S onednn',
    vulkan: 'pacman -S vulkan-icd-loader vulkan-radeon (or vulkan-intel, nvidia-utils)',
  },
  { like: /alpine/, blas: 'apk add openblas', vulkan: 'apk add vulkan-loader mesa-vulkan-ati (or mesa-vulkan-intel)' },
]

const oldestNode = [20, 19]

const installerOf = ({ machine }: DoctorFacts) => installers.find(({ like }) => like.test(machine.distribution))

export function remediesFor(facts: DoctorFacts): string[] {
  const remedies: string[] = []
  const { machine } = facts
  const install = installerOf(facts)
  const [major, minor] = machine.node.split('.').map(Number)
  if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1]))
    remedies.push(`Node ${machine.node} is too old: install Node ${oldestNode.join('.')} or newer`)
  return [...remedies, ...cpuRemedies(facts, install), ...graphicsRemedies(facts, install?.vulkan)]
}

/** The remedies that make a run on this machine faster. Graphics remedies do not help a machine without a GPU. */
export function fasterWith(facts: DoctorFacts): string[] {
  const install = installerOf(facts)
  return [...cpuRemedies(facts, install), ...(facts.gpuInMachine ? graphicsRemedies(facts, install?.vulkan) : [])]
}

/** Matches notes that name koffi: a library is installed, but the package that calls it does not load. */
const needsKoffi = /koffi/

function cpuRemedies({ cpu, machine }: DoctorFacts, install?: Installer): string[] {
  if ('error' in cpu) return [`the CPU backend does not open: ${cpu.error}`]
  const remedies: string[] = []
  if (!cpu.blas) remedies.push(...blasRemedies(cpu.note, machine.platform, install))
  if (!cpu.bf16 && machine.multipliesBf16 && !needsKoffi.test(cpu.bf16Note))
    remedies.push(
      `with oneDNN this processor multiplies bf16 at least twice as fast as f32: ${install?.oneDnn ?? 'install oneDNN 3'}`,
    )
  return remedies
}

function blasRemedies(note: string, platform: NodeJS.Platform, install?: Installer): string[] {
  if (needsKoffi.test(note))
    return [
      'a BLAS is installed, but the package koffi that calls it does not load. Products run in WebAssembly, at about half ' +
        'the speed: install SparseScope again without --omit=optional',
    ]
  if (platform === 'linux')
    return [`no BLAS, so products run in WebAssembly, at about half the speed: ${install?.blas ?? 'install OpenBLAS'}`]
  if (platform === 'win32')
    return ['no BLAS, so products run in WebAssembly: set SPARSESCOPE_BLAS to the path of an OpenBLAS or MKL library']
  return []
}

function graphicsRemedies(
  { machine, adapters, adaptersError, adapterDeaths, gpuInMachine }: DoctorFacts,
  vulkan?: string,
): string[] {
  const real = adapters.filter((a) => !a.software)
  const broken = real.flatMap((a) => (a.computes === true ? [] : [`${a.name} does not compute: ${a.computes}`]))
  if (adaptersError) return [`WebGPU is not usable: ${adaptersError}`]
  if (real.length > 0 || adapterDeaths.length > 0) return [...adapterDeaths, ...broken]
  if (machine.platform === 'win32') return ['no GPU: update its driver (Direct3D 12 is needed)']
  if (machine.platform !== 'linux') return []
  if (machine.nvidia)
    return [
      'there is an NVIDIA GPU, but no Vulkan driver for it: in a container set NVIDIA_DRIVER_CAPABILITIES=all (graphics is ' +
        'needed) and install libvulkan1 libegl1 libxext6; elsewhere install the full driver, not the headless one',
    ]
  if (gpuInMachine) return [`there is a GPU, but no Vulkan driver for it: ${vulkan ?? 'install your Vulkan driver'}`]
  if (adapters.length > 0) return []
  return [`no GPU, and no software adapter to test WebGPU with (--device wgpu): ${vulkan ?? 'install Mesa lavapipe'}`]
}
