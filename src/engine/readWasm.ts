// The wasm files that the build leaves in dist/.
import { existsSync, readFileSync } from 'node:fs'
import { EngineError } from './errors.ts'

const fromSource = import.meta.url.endsWith('.ts')

/** Bytes of `name`.wasm. @throws EngineError 'internal' when there was no build. */
export function readWasm(name: string): Uint8Array<ArrayBuffer> {
  const url = new URL(fromSource ? `../../dist/${name}.wasm` : `./${name}.wasm`, import.meta.url)
  if (!existsSync(url)) throw new EngineError('internal', `${url.pathname} is missing: run \`npm run build\``)
  return new Uint8Array(readFileSync(url))
}
