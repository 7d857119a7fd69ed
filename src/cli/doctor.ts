// doctor: what this machine can compute with, and what to install where something is missing.
import { Option } from 'commander'
import { command, runs, type CommonOptions, type Context, type Outcome } from './command.ts'
import { adaptersHere, gatherFacts } from './doctor/facts.ts'
import { remediesFor } from './doctor/remedies.ts'
import { reportText } from './doctor/report.ts'

interface DoctorOptions extends CommonOptions {
  adaptersOnly?: boolean
}

async function doctor({ io }: Context, options: DoctorOptions): Promise<Outcome> {
  if (options.adaptersOnly) return { json: await adaptersHere() }
  const facts = await gatherFacts(io.program)
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
  .action(runs(doctor))
