// doctor: the devices of this machine, and what to install where something is missing.
import { Option } from 'commander'
import { command, type CommonOptions, type Context, type Outcome, runs } from '../command.ts'
import { adaptersHere, type DoctorFacts, gatherFacts } from './facts.ts'
import { remediesFor } from './remedies.ts'
import type { AdapterFacts, CpuFacts } from '../../engine/compute/doctor.ts'

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

export const doctorCommand = command('doctor', 'show the devices of this machine, and what to install', [
  'doctor',
  'doctor --json',
])
  .addOption(new Option('--adapters-only', 'only what the graphics drivers say').hideHelp())
  .action(runs(doctor))

const size = (bytes: number) =>
  bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(0)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`
const rate = (gflops: number) => `${gflops.toFixed(0)} GFLOP/s`

function line(label: string, ...parts: string[]): string {
  return `${label.padEnd(10)} ${parts.filter(Boolean).join(' · ')}`
}

function bf16Line({ bf16, bf16Note }: CpuFacts): string {
  if (!bf16) return line('bf16', `none: ${bf16Note}`)
  const name = line('bf16', bf16.name, rate(bf16.gflops), bf16.path)
  return bf16Note ? `${name}\n${line('', bf16Note)}` : name
}

function cpuLines({ cpu }: DoctorFacts): string[] {
  if ('error' in cpu) return [line('CPU', `does not open: ${cpu.error}`)]
  const wasm = `WebAssembly ${rate(cpu.wasmGflops)}`
  if (!cpu.blas || cpu.blasGflops === null)
    return [line('CPU', cpu.description, wasm), line('BLAS', `none: ${cpu.note}`), bf16Line(cpu)]
  return [
    line('CPU', cpu.description, rate(cpu.blasGflops), wasm),
    line('BLAS', cpu.blas.path, cpu.blas.config.slice(0, 80)),
    bf16Line(cpu),
  ]
}

function adapterLines(adapter: AdapterFacts): string[] {
  const { limits, subgroupSizes: sizes } = adapter
  return [
    line(
      'adapter',
      adapter.name,
      adapter.software ? 'software' : 'GPU',
      adapter.computes === true ? 'computes' : `does not compute: ${adapter.computes}`,
    ),
    line(
      '',
      `buffers to ${size(limits.maxBufferBytes)}, bindings to ${size(limits.maxBindingBytes)}`,
      sizes ? `subgroups of ${sizes[0] === sizes[1] ? sizes[0] : sizes.join(' to ')}` : '',
      adapter.features.join(', '),
    ),
  ]
}

/** One screen: at most about twenty lines. */
export function reportText(facts: DoctorFacts, device: string, remedies: readonly string[]): string {
  const { machine } = facts
  const { memory, disk } = machine
  return [
    line('device', `--device auto takes ${device === 'wgpu' ? 'the GPU' : 'the CPU'}`),
    line('Node', machine.node, `${machine.platform} ${machine.arch}`, machine.distribution),
    line('processor', machine.processor, `${machine.cores} cores`),
    line(
      'memory',
      `${size(memory.availableBytes)} free of ${size(memory.totalBytes)}`,
      memory.containerLimitBytes === null ? '' : `limited to ${size(memory.containerLimitBytes)}`,
    ),
    line('disk', `${size(disk.freeBytes)} free in ${disk.folder}`),
    ...(machine.slurm === null ? [] : [line('Slurm', machine.slurm, 'sparsescope sweep run --engine slurm')]),
    ...cpuLines(facts),
    ...facts.adapters.flatMap(adapterLines),
    ...(facts.adapters.length === 0
      ? [line('adapter', `none${facts.adaptersError ? `: ${facts.adaptersError}` : ''}`)]
      : []),
    ...(remedies.length === 0 ? ['', 'Nothing is missing.'] : ['', 'To do:', ...remedies.map((r) => `  ${r}`)]),
  ].join('\n')
}
