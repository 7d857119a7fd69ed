// Runs a command for a benchmark: wall seconds, peak memory of the process, its JSON.
import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')

/** The two variables pick slower BLAS kernels on some machines; both sides run without them. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const env = { ...process.env }
  delete env.OPENBLAS_CORETYPE
  delete env.OPENBLAS_L2_SIZE
  return env
}

export interface Measured<T> {
  readonly json: T
  readonly seconds: number
  /** User and system, of the command and what it started: what to read where other work has the machine too. */
  readonly processorSeconds: number
}

/** Bash tells of its children what Node does not: `times` prints their user and system time last. */
const timed = '"$@"; status=$?; times >&2; exit $status'

export function runJson<T>(command: string, args: string[]): Measured<T> {
  const start = performance.now()
  const { status, stdout, stderr, error } = spawnSync('bash', ['-c', timed, 'bash', command, ...args], {
    env: cleanEnvironment(),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stderr.slice(-2000)}`)
  const seconds = (performance.now() - start) / 1000
  return { json: JSON.parse(stdout) as T, seconds, processorSeconds: processorSecondsIn(stderr) }
}

function processorSecondsIn(stderr: string): number {
  const children = stderr.trimEnd().split('\n').at(-1) ?? ''
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + 60 * Number(m) + Number(s), 0)
}

/** This project's command line, from dist/. */
export function sparsescope<T>(...args: string[]): Measured<T> {
  return runJson<T>(process.execPath, [join(root, 'dist/cli.mjs'), ...args, '--json'])
}

/** The Python that Debian's torch belongs to; PYTHON overrides it. */
export const python = process.env.PYTHON ?? '/usr/bin/python3'

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length / 2
  return (sorted[Math.floor(half)] + sorted[Math.ceil(half) - 1]) / 2
}

export function machine(): string {
  return `${cpus().length} × ${cpus()[0].model}, Node ${process.versions.node}`
}

/** The arguments of python that start the torch peer: with bf16, under autocast, as PyTorch's users get it. */
export function peerProgram(program: string, precision: string): string[] {
  return precision === 'bf16' ? [join(root, 'bench/peer_autocast.py'), program] : [program]
}
