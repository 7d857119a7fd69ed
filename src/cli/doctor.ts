// doctor: what this machine can compute with, and what to install where something is missing.
import { spawnSync } from 'node:child_process'
import { Option } from 'commander'
import { inspectAdapters, inspectCpu, type AdapterFacts, type CpuFacts } from '../engine/compute/doctor.ts'
import { mayHaveGpu } from '../engine/compute/open.ts'
import { command, runs, type CommonOptions, type Outcome } from './command.ts'
import { inspectMachine, type MachineFacts } from './doctor/machine.ts'
import { remediesFor } from './doctor/remedies.ts'
import { reportText } from './doctor/report.ts'

interface DoctorOptions extends CommonOptions {
  adaptersOnly?: boolean
}

export interface DoctorFacts {
  machine: MachineFacts
  cpu: CpuFacts | { error: string }
  adapters: AdapterFacts[]
  /** Why no adapters could be read; null when they could. */
  adaptersError: string | null
  gpuInMachine: boolean
}

const message = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** Drivers run in a child: they print to stderr as they like, and a crash of theirs is an answer. */
function adaptersApart(): Pick<DoctorFacts, 'adapters' | 'adaptersError'> {
  const args = [...process.execArgv, process.argv[1], 'doctor', '--adapters-only', '--json']
  const { status, signal, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 })
  try {
    return JSON.parse(stdout) as Pick<DoctorFacts, 'adapters' | 'adaptersError'>
  } catch {
    return { adapters: [], adaptersError: `the graphics driver crashed (${signal ?? `exit code ${status}`})` }
  }
}

async function adaptersHere(): Promise<Pick<DoctorFacts, 'adapters' | 'adaptersError'>> {
  try {
    return { adapters: await inspectAdapters(), adaptersError: null }
  } catch (error) {
    return { adapters: [], adaptersError: message(error) }
  }
}

async function doctor(options: DoctorOptions): Promise<Outcome> {
  if (options.adaptersOnly) return { json: await adaptersHere() }
  const facts: DoctorFacts = {
    machine: await inspectMachine(),
    cpu: await inspectCpu().catch((error: unknown) => ({ error: message(error) })),
    ...adaptersApart(),
    gpuInMachine: mayHaveGpu(),
  }
  const usable = facts.adapters.find((a) => !a.software && a.computes === true)
  const device = usable ? 'wgpu' : 'cpu'
  const remedies = remediesFor(facts)
  return { json: { device, ...facts, remedies }, text: reportText(facts, device, remedies) }
}

export const doctorCommand = command('doctor', 'show what this machine can compute with, and what to install', [
  'doctor',
  'doctor --json',
])
  .addOption(new Option('--adapters-only', 'only what the graphics drivers say').hideHelp())
  .action(runs(async (_context, options: DoctorOptions) => doctor(options)))
