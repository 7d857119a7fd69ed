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

export function runJson<T>(command: string, args: string[]): { json: T; seconds: number } {
  const start = performance.now()
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    env: cleanEnvironment(),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stderr.slice(-2000)}`)
  return { json: JSON.parse(stdout) as T, seconds: (performance.now() - start) / 1000 }
}

/** This project's command line, from dist/. */
export function sparsescope<T>(...args: string[]): { json: T; seconds: number } {
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
