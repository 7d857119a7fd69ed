// Facts from a checkpoint's headers: size, types, biases, and the sparsity that a run noted beside the weights.
import { join } from 'node:path'
import { openCheckpoint, type Checkpoint } from '../../engine/checkpoint/checkpoint.ts'
import { readSmallFile } from '../../engine/checkpoint/smallFile.ts'
import { readModelConfig } from '../../shared/families/modelConfig.ts'
import { tensorRoles } from '../../shared/families/tensorRoles.ts'
import { elementsOf } from '../../shared/format/dtypes.ts'
import { EngineError } from '../../shared/errors.ts'
import type { ModelFacts } from '../support/factsThread.ts'

const maxNoteBytes = 64 * 2 ** 20

/** Reads headers only; null when they have more than `mostBytes`. @throws EngineError with one sentence on what is wrong. */
export async function readModelFacts(path: string): Promise<ModelFacts>
export async function readModelFacts(path: string, mostBytes: number): Promise<ModelFacts | null>
export async function readModelFacts(path: string, mostBytes = Infinity): Promise<ModelFacts | null> {
  const checkpoint = await openCheckpoint(path, mostBytes).catch((error: unknown) => {
    if (error instanceof EngineError && error.reason === 'too-long') return null
    throw error
  })
  if (!checkpoint) return null
  try {
    return factsOf(checkpoint, await notedZeros(checkpoint.folder))
  } finally {
    await checkpoint.close()
  }
}

function factsOf({ config, tensors }: Checkpoint, zeros: ReadonlyMap<string, number> | null): ModelFacts {
  const roles = tensorRoles(config, tensors)
  const bytesByType = new Map<string, number>()
  let [bytes, parameters, linears, pruned] = [0, 0, 0, 0]
  let biases = false
  // A note that says more zeros than there are weights is about other weights.
  let isBelieved = true
  for (const tensor of tensors.values()) {
    const size = elementsOf(tensor.shape) ?? 0
    const { role } = roles.of(tensor.name, tensor.shape)
    bytes += tensor.bytes
    parameters += size
    bytesByType.set(tensor.dtype, (bytesByType.get(tensor.dtype) ?? 0) + tensor.bytes)
    if (role === 'bias') biases = true
    if (role !== 'linear') continue
    linears += size
    const noted = zeros?.get(tensor.name) ?? 0
    isBelieved &&= noted <= size
    pruned += noted
  }
  const dtypes = [...bytesByType].sort((a, b) => b[1] - a[1]).map(([dtype]) => dtype)
  return {
    bytes,
    parameters,
    dtypes,
    biases,
    sparsity: zeros && isBelieved && linears > 0 ? pruned / linears : null,
    ...lengthsOf(config, tensors),
    isModel: dtypes.some((dtype) => !/^([IU]\d+|BOOL)$/.test(dtype)),
  }
}

function lengthsOf(config: unknown, names: Checkpoint['tensors']): Pick<ModelFacts, 'maxPositions' | 'blocks'> {
  try {
    const { maxPositions, numBlocks: blocks } = readModelConfig(config, names)
    return { maxPositions, blocks }
  } catch {
    return { maxPositions: null, blocks: null }
  }
}

/** Zeros by tensor, from the sparsescope.json that a run leaves; null when there is none that can be believed. */
async function notedZeros(folder: string): Promise<Map<string, number> | null> {
  try {
    const note = JSON.parse(await readSmallFile(join(folder, 'sparsescope.json'), maxNoteBytes)) as {
      tensors?: Record<string, { zeros?: unknown }>
    }
    const zeros = Object.entries(note.tensors ?? {}).flatMap(([name, { zeros }]): [string, number][] =>
      typeof zeros === 'number' && zeros >= 0 ? [[name, zeros]] : [],
    )
    return zeros.length > 0 ? new Map(zeros) : null
  } catch {
    return null
  }
}
