// The AssemblyScript kernels: compiled once, instantiated in every thread over the shared memory; see assembly/index.ts.
import { setFlagsFromString } from 'node:v8'
import { readWasm } from '../../readWasm.ts'

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
