// Goldens of methods that solve: a matrix with XᵀX, and what the authors' code made of it.
import assert from 'node:assert/strict'
import { upload } from '../../src/engine/compute/backend.ts'
import { maskWords } from '../../src/catalog/formats/maskFile.ts'
import type { PruneHost } from '../../src/engine/prune/host.ts'
import { unpackMask } from './masks.ts'
import type { HessianInput, SolveInput } from '../../src/engine/prune/methods/method.ts'
import { parseNm } from '../../src/catalog/formats/sparsity.ts'
import type { MethodName } from '../../src/catalog/methods/methods.ts'
import type { PruneEntry } from '../../src/plan/pruneEntry.ts'
import { goldenPath } from './shared.ts'
import { maxDifference, readTensors } from './tensors.ts'

interface GoldenCase {
  readonly matrix: string
  readonly pattern: string
  readonly sparsity: number
  readonly per_out?: boolean
}

export function entryOf(method: MethodName, sparsity: number, change: Partial<PruneEntry> = {}): PruneEntry {
  const sparsities = new Map([['fc1', sparsity]])
  return { method, sparsities, pattern: null, scope: 'tensor', selection: 'exact', settings: {}, ...change }
}

/** Inputs for a weight [O,I] and XᵀX. */
export function problem(host: PruneHost, entry: PruneEntry, weight: Float32Array, gram: Float32Array) {
  const columns = Math.sqrt(gram.length)
  const rows = weight.length / columns
  const warnings: string[] = []
  const hessian: HessianInput = {
    host,
    hessian: upload(host, 'f32', [columns, columns], gram),
    entry,
    name: 'fc1',
    warn: (message) => warnings.push(message),
  }
  const words = new Uint32Array(rows * maskWords(columns))
  const solve: SolveInput = {
    weight: upload(host, 'f32', [rows, columns], weight),
    mask: upload(host, 'u32', [rows, maskWords(columns)], words),
    entry,
    name: 'fc1',
  }
  const result = async () => {
    const mask = { rows, columns, words: (await host.read(solve.mask)) as Uint32Array }
    return { weight: (await host.read(solve.weight)) as Float32Array, kept: unpackMask(mask) }
  }
  return { hessian, solve, result, warnings }
}

export async function goldenProblem(host: PruneHost, method: MethodName, name: string) {
  const golden = await readTensors(goldenPath(method, `${name}.safetensors`))
  const given = JSON.parse(golden.metadata.get('case') ?? '') as GoldenCase
  const matrix = await readTensors(goldenPath(method, `${given.matrix}.safetensors`))
  const change = { pattern: parseNm(given.pattern), scope: given.per_out ? ('row' as const) : ('tensor' as const) }
  const entry = entryOf(method, given.sparsity, change)
  const made = problem(host, entry, matrix.f32('W'), matrix.f32('XtX'))
  const compare = async () => {
    const { weight, kept } = await made.result()
    assert.deepEqual(kept, new Uint8Array(golden.u8('mask')), 'mask')
    const difference = maxDifference(weight, golden.f32('weight'))
    assert.ok(difference < Number(golden.metadata.get('weights_tolerance')), `weights differ by ${difference}`)
  }
  return { ...made, golden, compare }
}
