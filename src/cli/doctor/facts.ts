// Facts about this machine for doctor.
import { spawnSync } from 'node:child_process'
import { inspectAdapters, inspectCpu, type AdapterFacts, type CpuFacts } from '../../engine/compute/doctor.ts'
import { mayHaveGpu } from '../../engine/compute/open.ts'
import { inspectMachine, type MachineFacts } from './machine.ts'

export interface DoctorFacts {
  machine: MachineFacts
  cpu: CpuFacts | { error: string }
  adapters: AdapterFacts[]
  /** Why no adapters could be read; null when they could. */
  adaptersError: string | null
  gpuInMachine: boolean
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

const message = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** Drivers run in a child: they print to stderr as they like, and a crash of theirs is an answer. */
function adaptersApart(program: readonly string[]): Pick<DoctorFacts, 'adapters' | 'adaptersError'> {
  const args = [...program, 'doctor', '--adapters-only', '--json']
  const { status, signal, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 })
  try {
    return JSON.parse(stdout) as Pick<DoctorFacts, 'adapters' | 'adaptersError'>
  } catch {
    return { adapters: [], adaptersError: `the graphics driver crashed (${signal ?? `exit code ${status}`})` }
  }
}

export async function adaptersHere(): Promise<Pick<DoctorFacts, 'adapters' | 'adaptersError'>> {
  try {
    return { adapters: await inspectAdapters(), adaptersError: null }
  } catch (error) {
    return { adapters: [], adaptersError: message(error) }
  }
}
