// The wasm files that the build leaves in dist/, and their functions.
import { existsSync, readFileSync } from 'node:fs'
import { EngineError } from './errors.ts'

const fromSource = import.meta.url.endsWith('.ts')

/** Bytes of `name`.wasm. @throws EngineError 'internal' when there was no build. */
export function readWasm(name: string): Uint8Array<ArrayBuffer> {
  const url = new URL(fromSource ? `../../dist/${name}.wasm` : `./${name}.wasm`, import.meta.url)
  if (!existsSync(url)) throw new EngineError('internal', `${url.pathname} is missing: run \`npm run build\``)
  return new Uint8Array(readFileSync(url))
}

/** Functions take and give numbers: addresses, sizes and scalars. */
export type Wasm = Readonly<Record<string, (...args: number[]) => number>>

/** Instantiates one of this project's modules over a memory, and returns its functions. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Wasm {
  const abort = () => {
    throw new Error('internal: a wasm kernel aborted')
  }
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } })
  const functions = Object.entries(exports).filter(([, value]) => typeof value === 'function')
  return Object.fromEntries(functions) as Wasm
}
