// The AssemblyScript kernels: compiled once, instantiated in every thread over the shared memory.
import { setFlagsFromString } from 'node:v8'
import { readWasm } from '../../readWasm.ts'

/** Exports take addresses, sizes and scalars; see assembly/index.ts. */
export type Wasm = Readonly<Record<string, (...args: number[]) => number>>

/** Relaxed SIMD (a fused multiply-add) came to V8 in 11.4; Node 20's 11.3 has it behind a flag. */
function allowRelaxedSimd(): void {
  const [major, minor] = process.versions.v8.split('.').map(Number)
  if (major === 11 && minor < 4) setFlagsFromString('--experimental-wasm-relaxed-simd')
}

export interface CompiledKernels {
  readonly module: WebAssembly.Module
  readonly relaxed: boolean
}

/** The build with fused multiply-add where the runtime takes it (and `relaxed` is not false), else the plain one. */
export function compileKernels(relaxed = true): CompiledKernels {
  if (relaxed) {
    allowRelaxedSimd()
    const bytes = readWasm('kernelsRelaxed')
    if (WebAssembly.validate(bytes)) return { module: new WebAssembly.Module(bytes), relaxed: true }
  }
  return { module: new WebAssembly.Module(readWasm('kernels')), relaxed: false }
}

export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Wasm {
  const abort = () => {
    throw new Error('internal: a wasm kernel aborted')
  }
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } })
  const functions = Object.entries(exports).filter(([, value]) => typeof value === 'function')
  return Object.fromEntries(functions) as Wasm
}
