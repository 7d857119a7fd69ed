// Facts about this machine for doctor: devices, and what Node knows of versions, memory and disk.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { type CpuFacts, inspectAdapters, inspectCpu, type InspectedAdapters } from '../../engine/compute/doctor.ts'
import { mayHaveGpu } from '../../engine/compute/open.ts'
import { multipliesBf16 } from '../../engine/machine.ts'

export interface DoctorFacts extends AdaptersHere {
  machine: MachineFacts
  cpu: CpuFacts | { error: string }
  gpuInMachine: boolean
}

interface AdaptersHere extends InspectedAdapters {
  /** Why adapters could not be read; null: they could. */
  adaptersError: string | null
}

/** `program`: arguments of Node that run the command line in another process. */
export async function gatherFacts(program: readonly string[]): Promise<DoctorFacts> {
  return {
    machine: await inspectMachine(),
    cpu: await inspectCpu().catch((error: unknown) => ({ error: message(error) })),
    ...adaptersApart(program),
    gpuInMachine: mayHaveGpu(),
  }
}

const none: InspectedAdapters = { adapters: [], adapterDeaths: [] }

const message = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** Queries the drivers in a child process, because they print to stderr, and a crash of a driver must not end this process. */
function adaptersApart(program: readonly string[]): AdaptersHere {
  const args = [...program, 'doctor', '--adapters-only', '--json']
  const { error, status, signal, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 120_000 })
  if (error)
    return {
      ...none,
      adaptersError: `the process that queries the graphics drivers did not answer (${message(error)})`,
    }
  try {
    return JSON.parse(stdout) as AdaptersHere
  } catch {
    return { ...none, adaptersError: `the graphics driver crashed (${signal ?? `exit code ${status}`})` }
  }
}

export async function adaptersHere(): Promise<AdaptersHere> {
  try {
    return { ...(await inspectAdapters()), adaptersError: null }
  } catch (error) {
    return { ...none, adaptersError: message(error) }
  }
}

interface MachineFacts {
  node: string
  platform: NodeJS.Platform
  arch: string
  /** `ID` and `ID_LIKE` of /etc/os-release; empty elsewhere. */
  distribution: string
  processor: string
  /** Whether the processor has instructions for products of bf16; false on systems other than Linux. */
  multipliesBf16: boolean
  /** Whether NVIDIA's kernel driver is loaded (Linux). */
  nvidia: boolean
  cores: number
  memory: { totalBytes: number; availableBytes: number; containerLimitBytes: number | null }
  disk: { folder: string; freeBytes: number }
  /** Version of Slurm, if `sbatch` is on PATH and finds its cluster; null: sweeps run on this machine. */
  slurm: string | null
}

async function inspectMachine(): Promise<MachineFacts> {
  const { bavail, bsize } = await statfs(process.cwd())
  // The memory limit of this process's cgroup; where there is none, 0 or more than the machine has.
  const limit = process.constrainedMemory()
  return {
    node: process.versions.node,
    platform: process.platform,
    arch: process.arch,
    distribution: distribution(),
    processor: cpus()[0]?.model.trim() ?? 'unknown processor',
    multipliesBf16: multipliesBf16(),
    nvidia: existsSync('/dev/nvidiactl'),
    cores: availableParallelism(),
    memory: {
      totalBytes: totalmem(),
      availableBytes: process.availableMemory(),
      containerLimitBytes: limit > 0 && limit < totalmem() ? limit : null,
    },
    disk: { folder: process.cwd(), freeBytes: bavail * bsize },
    slurm: slurmVersion(),
  }
}

/** `slurm 24.11.5` → `24.11.5` */
function slurmVersion(): string | null {
  const { stdout, status } = spawnSync('sbatch', ['--version'], { encoding: 'utf8', timeout: 10_000 })
  return status === 0 ? stdout.trim().replace(/^slurm /, '') : null
}

function distribution(): string {
  try {
    const lines = readFileSync('/etc/os-release', 'utf8').matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)
    return Array.from(lines, ([, names]) => names).join(' ')
  } catch {
    return ''
  }
}
