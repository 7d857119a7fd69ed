// Whole small safetensors files as host arrays, for comparing with goldens.
import { openCheckpoint } from '../../src/engine/checkpoint/checkpoint.ts'

export interface HostTensors {
  readonly metadata: ReadonlyMap<string, string>
  names(): string[]
  shape(name: string): readonly number[]
  f32(name: string): Float32Array
  i32(name: string): Int32Array
  u8(name: string): Uint8Array
}

export async function readTensors(path: string): Promise<HostTensors> {
  const file = await openCheckpoint(path)
  const bytes = new Map<string, Uint8Array<ArrayBuffer>>()
  for (const name of file.tensors.keys()) bytes.set(name, await file.read(name))
  const shapes = new Map([...file.tensors].map(([name, { shape }]) => [name, shape]))
  await file.close()
  const get = (name: string) => {
    const found = bytes.get(name)
    if (!found) throw new Error(`${path} has no ${name}`)
    return found
  }
  return {
    metadata: file.metadata,
    names: () => [...bytes.keys()],
    shape: (name) => shapes.get(name) ?? [],
    f32: (name) => new Float32Array(get(name).buffer),
    i32: (name) => new Int32Array(get(name).buffer),
    u8: (name) => get(name),
  }
}

/** Largest absolute difference; Infinity when lengths differ or something is not a number. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity
  let worst = 0
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i])
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference
  }
  return worst
}
