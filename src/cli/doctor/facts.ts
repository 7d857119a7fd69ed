// Facts about this machine for doctor.
import { spawnSync } from 'node:child_process'
import { inspectAdapters, inspectCpu, type CpuFacts, type InspectedAdapters } from '../../engine/compute/doctor.ts'
import { mayHaveGpu } from '../../engine/compute/open.ts'
import { inspectMachine, type MachineFacts } from './machine.ts'

export interface DoctorFacts extends AdaptersHere {
  machine: MachineFacts
  cpu: CpuFacts | { error: string }
  gpuInMachine: boolean
}

interface AdaptersHere extends InspectedAdapters {
  /** Why no adapters could be read; null when they could. */
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

/** Drivers run in a child: they print to stderr as they like, and a crash of theirs is an answer. */
function adaptersApart(program: readonly string[]): AdaptersHere {
  const args = [...program, 'doctor', '--adapters-only', '--json']
  const { error, status, signal, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 120_000 })
  if (error)
    return { ...none, adaptersError: `the process that asks the graphics drivers gave no answer (${message(error)})` }
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
