// Libraries that the system has: the folders they are looked for in, and how they are loaded.
import { existsSync } from 'node:fs'

/** Variables that the libraries read when they load: one thread each, since the pool splits the work. */
const loadEnvironment: Readonly<Record<string, string>> = {
  OPENBLAS_NUM_THREADS: '1',
  OMP_NUM_THREADS: '1',
  MKL_NUM_THREADS: '1',
  MKL_THREADING_LAYER: 'SEQUENTIAL',
  BLIS_NUM_THREADS: '1',
  VECLIB_MAXIMUM_THREADS: '1',
}

/** Folders that exist, in order of preference. */
export function linuxFolders(): string[] {
  const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'
  const mkl = '/opt/intel/oneapi/mkl/latest/lib'
  return [`/usr/lib/${triplet}`, '/usr/lib64', '/usr/lib', '/usr/local/lib', mkl].filter((path) => existsSync(path))
}

/** Runs `load` in an environment in which libraries start no threads of their own. */
export async function withoutThreads<T>(load: () => Promise<T>): Promise<T> {
  const before = Object.keys(loadEnvironment).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, loadEnvironment)
  try {
    return await load()
  } finally {
    // Child processes are not to inherit it.
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
  }
}
