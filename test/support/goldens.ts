// Folders with a checkpoint and what other people's code computed on it.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openCheckpoint } from '../../src/engine/checkpoint/checkpoint.ts'
import { named } from './extent.ts'

const fixtures = fileURLToPath(new URL('../fixtures', import.meta.url))

export interface GoldenModel {
  readonly name: string
  readonly path: string
  /** Tensors of golden.safetensors: loader variants have logits and loss only. */
  readonly keys: readonly string[]
}

/**
 * One of each shape of a block: norms before the branches, after them, on both sides; branches one after the other and side by side,
 * of one norm and of two; heads that are normalised; plain and gated MLPs; experts, and experts beside a shared one.
 */
const blockShapes = [
  'opt',
  'opt_post_norm',
  'gpt2',
  'gpt_neox',
  'phi',
  'llama',
  'gemma2',
  'olmo2',
  'qwen3',
  'mixtral',
  'qwen2_moe',
]

/** Every model folder of `goldens` and `goldens-extra`. */
const folders = ['goldens', 'goldens-extra'].flatMap((group) =>
  readdirSync(join(fixtures, group))
    .map((name) => ({ name, path: join(fixtures, group, name) }))
    .filter(({ path }) => existsSync(join(path, 'golden.safetensors'))),
)

/** All of them; in `npm test` one for each shape of a block. */
export function goldenModels(): GoldenModel[] {
  return named(folders, blockShapes).map((model) => ({
    ...model,
    keys: headerKeys(join(model.path, 'golden.safetensors')),
  }))
}

/** The folder of one of them. */
export function goldenModel(name: string): string {
  const found = folders.find((folder) => folder.name === name)
  if (!found) throw new Error(`${name} is not one of the goldens`)
  return found.path
}

/** Read at once: tests are chosen by them. */
function headerKeys(path: string): string[] {
  const bytes = readFileSync(path)
  const length = Number(bytes.readBigUInt64LE(0))
  return Object.keys(JSON.parse(bytes.subarray(8, 8 + length).toString()) as object)
}

export interface Golden {
  readonly names: readonly string[]
  has(name: string): boolean
  shape(name: string): readonly number[]
  f32(name: string): Float32Array
  i32(name: string): Int32Array
}

/** Reads a whole safetensors file of F32 and I32 tensors. */
export async function readGolden(path: string): Promise<Golden> {
  const file = await openCheckpoint(path)
  const bytes = new Map<string, Uint8Array<ArrayBuffer>>()
  for (const name of file.tensors.keys()) bytes.set(name, await file.read(name))
  await file.close()
  const of = (name: string) => {
    const found = bytes.get(name)
    if (!found) throw new Error(`${path} has no ${name}`)
    return found.buffer
  }
  return {
    names: [...bytes.keys()],
    has: (name) => bytes.has(name),
    shape: (name) => file.tensors.get(name)!.shape,
    f32: (name) => new Float32Array(of(name)),
    i32: (name) => new Int32Array(of(name)),
  }
}

/** Largest |a − b|. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`)
  let worst = 0
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i])
    if (!(difference <= worst)) worst = difference
  }
  return worst
}

/** max|a − b| / max(max|b|, 1e-3): how gradients are compared. */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let scale = 1e-3
  for (let i = 0; i < b.length; i++) scale = Math.max(scale, Math.abs(b[i]))
  return maxDifference(a, b) / scale
}
