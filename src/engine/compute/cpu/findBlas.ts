// Finds the BLAS of this machine. A library is code: only known names in system folders are tried, or the path that the
// machine's environment names (never one from a recipe or a workspace).
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../errors.ts'
import { type Blas, type BlasKind, loadBlas } from './blas.ts'
import type { Heap } from './heap.ts'

// Libraries that the system has: the folders they are looked for in, and how they are loaded.
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

/** The first of several libraries that loads, starts no threads and `passes` its self-test; `notes` gets what is wrong with those before it. */
export function firstSound<C extends { readonly path: string }, L>(
  list: readonly C[],
  load: (candidate: C) => Promise<L>,
  passes: (library: L) => boolean,
  notes: string[],
): Promise<L | null> {
  return withoutThreads(async () => {
    for (const candidate of list)
      try {
        const library = await load(candidate)
        if (passes(library)) return library
        notes.push(`${candidate.path}: wrong product in its self-test`)
      } catch (error) {
        notes.push(`${candidate.path}: ${messageOf(error)}`)
      }
    return null
  })
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

interface Candidate {
  readonly path: string
  readonly kind: BlasKind
}

/** Names in order of preference; OpenBLAS's pthread flavour first, since the OpenMP one may crash at exit. */
function candidates(): Candidate[] {
  if (process.platform === 'darwin')
    return [{ path: '/System/Library/Frameworks/Accelerate.framework/Accelerate', kind: 'Accelerate' }]
  if (process.platform !== 'linux') return []
  const names: [string, BlasKind][] = [
    ['openblas-pthread/libopenblas.so.0', 'OpenBLAS'],
    ['libopenblasp.so.0', 'OpenBLAS'],
    ['libopenblas.so.0', 'OpenBLAS'],
    ['libmkl_rt.so.2', 'MKL'],
    ['blis-pthread/libblis.so.4', 'BLIS'],
    ['libblis.so.4', 'BLIS'],
  ]
  return names
    .flatMap(([name, kind]) => linuxFolders().map((folder) => ({ path: join(folder, name), kind })))
    .filter(({ path }) => existsSync(path))
}

/** `[[1,2],[3,4]]·[[5,6],[7,8]]` comes out right. */
function passesSelfTest(blas: Blas, heap: Heap): boolean {
  return heap.within(48, (at) => {
    const cells = new Float32Array(heap.memory.buffer, at, 12)
    cells.set([1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0])
    blas.sgemm(false, false, 2, 2, 2, 1, at, 2, at + 16, 2, 0, at + 32, 2)
    return [19, 22, 43, 50].every((expected, i) => cells[8 + i] === expected)
  })
}

export interface FoundBlas {
  readonly blas: Blas | null
  /** Why there is no BLAS, or why some were passed over. */
  readonly notes: readonly string[]
}

/** Guesses the kind of a library that the environment names. */
function kindOf(path: string): BlasKind {
  if (/mkl/i.test(path)) return 'MKL'
  if (/blis/i.test(path)) return 'BLIS'
  return /accelerate/i.test(path) ? 'Accelerate' : 'OpenBLAS'
}

/**
 * The first library that loads and multiplies correctly. `SPARSESCOPE_BLAS` is the path of another one, or `none`. The
 * reference BLAS (libblas.so.3) is never looked for: it is slower than the wasm products.
 */
export async function findBlas(heap: Heap): Promise<FoundBlas> {
  const setting = process.env.SPARSESCOPE_BLAS
  if (setting === 'none') return { blas: null, notes: ['switched off by SPARSESCOPE_BLAS'] }
  const list: Candidate[] = setting ? [{ path: setting, kind: kindOf(setting) }] : candidates()
  const notes = list.length > 0 ? [] : ['no OpenBLAS, MKL, BLIS or Accelerate in the system folders']
  const load = ({ path, kind }: Candidate) => loadBlas(path, kind, heap.memory)
  return { blas: await firstSound(list, load, (blas) => passesSelfTest(blas, heap), notes), notes }
}
