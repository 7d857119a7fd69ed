// Two checkpoints side by side: what came, went and changed, and whether B still has the zeros of A.
import { join } from 'node:path'
import { tensorRoles } from '../../../shared/families/tensorRoles.ts'
import type { CompareSummary, TensorChange } from '../../../shared/protocol/inspect.ts'
import { EngineError } from '../../errors.ts'
import type { Checkpoint, TensorEntry } from '../checkpoint.ts'
import { maskFileName, readMaskFile, type MaskBits } from '../maskFile.ts'
import { compareTensors } from './compareTensors.ts'
import { tensorStats } from './tensorStats.ts'
import { verdictOf } from './verdict.ts'

export interface CompareCheckpointsOptions {
  signal?: AbortSignal
  /** Tensors in both: done of total, and the change when there is one. */
  onTensor?: (done: number, total: number, change: TensorChange | null) => void
}

/**
 * Compares by value. The mask is A's `sparsescope.mask` where there is one, else the exact zeros of its block linears
 * (of all its matrices when the family is unknown).
 */
export async function compareCheckpoints(
  a: Checkpoint,
  b: Checkpoint,
  options: CompareCheckpointsOptions = {},
): Promise<CompareSummary> {
  const masks = await masksOf(a)
  const roles = tensorRoles(a.config, a.tensors)
  const counts = { matrices: 0, broken: 0, brokenWeights: 0, lost: 0 }
  const changed: TensorChange[] = []
  const reshaped: string[] = []
  const shared = [...a.tensors.values()].filter((entry) => b.tensors.has(entry.name))
  let same = 0
  let done = 0
  const bears = (entry: TensorEntry) => {
    const { role } = roles.of(entry.name, entry.shape)
    return masks.has(entry.name) || (roles.familyKnown ? role === 'linear' : entry.shape.length === 2)
  }
  counts.matrices = [...a.tensors.values()].filter(bears).length

  for (const entry of shared) {
    const other = b.tensors.get(entry.name)
    let change: TensorChange | null = null
    if (!other || !sameShape(entry, other)) {
      reshaped.push(entry.name)
      if (bears(entry)) counts.lost++
    } else {
      const { transposed, ...place } = roles.of(entry.name, entry.shape)
      const mask = usable(masks.get(entry.name), entry, transposed)
      const sides = [
        { checkpoint: a, entry },
        { checkpoint: b, entry: other },
      ] as const
      const difference = await compareTensors(...sides, { mask, transposed, signal: options.signal })
      if (difference === null) same++
      else {
        const { broken, ...numbers } = difference
        const parameters = entry.shape.reduce((n, size) => n * size, 1)
        change = { name: entry.name, ...numbers, parameters, ...place }
        changed.push(change)
        if (bears(entry) && broken > 0) {
          counts.broken++
          counts.brokenWeights += broken
        }
      }
    }
    options.onTensor?.(++done, shared.length, change)
  }
  const removed = [...a.tensors.keys()].filter((name) => !b.tensors.has(name))
  for (const name of removed) {
    const entry = a.tensors.get(name)
    if (entry && bears(entry) && (await hasZeros(a, entry, options.signal))) counts.lost++
  }
  const added = [...b.tensors.keys()].filter((name) => !a.tensors.has(name))
  const maskPreserved = counts.broken === 0 && counts.lost === 0
  const summary = { added, removed, reshaped, changed, same, maskPreserved }
  return { ...summary, verdict: verdictOf(summary, counts) }
}

async function masksOf(checkpoint: Checkpoint): Promise<ReadonlyMap<string, MaskBits>> {
  try {
    return await readMaskFile(join(checkpoint.folder, maskFileName))
  } catch (error) {
    if (error instanceof EngineError && error.code === 'not-found') return new Map()
    throw error
  }
}

function sameShape(a: TensorEntry, b: TensorEntry): boolean {
  return a.shape.length === b.shape.length && a.shape.every((size, i) => size === b.shape[i])
}

/** A mask that does not fit its matrix is somebody else's. @throws EngineError 'bad-checkpoint'. */
function usable(mask: MaskBits | undefined, entry: TensorEntry, transposed: boolean): MaskBits | undefined {
  if (!mask) return undefined
  const [rows, columns] = transposed ? [...entry.shape].reverse() : entry.shape
  if (entry.shape.length === 2 && mask.rows === rows && mask.columns === columns) return mask
  throw new EngineError(
    'bad-checkpoint',
    `${maskFileName}: ${entry.name} has ${mask.rows} × ${mask.columns} weights there and [${entry.shape.join(', ')}] in the model; remove the mask file or save the pruned model again`,
  )
}

async function hasZeros(checkpoint: Checkpoint, entry: TensorEntry, signal?: AbortSignal): Promise<boolean> {
  const stats = await tensorStats(checkpoint, entry, { signal })
  return stats !== null && stats.zeros > 0
}
