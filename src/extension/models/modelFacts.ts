// Facts from a checkpoint's headers: size, types, biases, and the sparsity that a run noted beside the weights.
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { openCheckpoint, type Checkpoint } from '../../engine/checkpoint/checkpoint.ts'
import { openInspection, wholeOf, type Inspection, type ListedEntry } from '../../engine/checkpoint/inspection.ts'
import { readSmallFile } from '../../engine/checkpoint/smallFile.ts'
import { readModelConfig } from '../../shared/families/modelConfig.ts'
import { tensorRoles } from '../../shared/families/tensorRoles.ts'
import { messageOf } from '../../shared/errors.ts'
import { elementsOf } from '../../shared/format/dtypes.ts'

export interface ModelFacts {
  bytes: number
  parameters: number
  /** Element types, those with the most bytes first. */
  dtypes: string[]
  /** Sparsity of the matrices inside the blocks; null where it was not counted. */
  sparsity: number | null
  /** Whether `train: [bias]` finds any. */
  biases: boolean
  /** Most positions; null when config.json does not say. */
  maxPositions: number | null
  /** Null when config.json does not say. */
  blocks: number | null
  /** False when it holds integers only: token ids, masks. */
  isModel: boolean
}

/** Facts of what can be opened of a checkpoint, as the Inspector shows it. */
export interface ShownFacts extends ModelFacts {
  /** Why nothing computes with the checkpoint, such as a missing shard; null: all of it can be opened. */
  problem: string | null
}

const maxNoteBytes = 64 * 2 ** 20

/** Reads headers only. @throws EngineError with one sentence on what is wrong. */
export async function readModelFacts(path: string): Promise<ModelFacts> {
  const checkpoint = await openCheckpoint(path)
  try {
    return factsOf({ checkpoint, unknown: [], problems: [] }, await notedZeros(checkpoint.folder))
  } finally {
    await checkpoint.close()
  }
}

/** The same where a part cannot be opened. @throws EngineError when nothing can be opened. */
export async function readShownFacts(path: string): Promise<ShownFacts> {
  const inspection = await openInspection(path)
  const { checkpoint } = inspection
  try {
    return { ...factsOf(inspection, await notedZeros(checkpoint.folder)), problem: problemOf(inspection) }
  } finally {
    await checkpoint.close()
  }
}

function problemOf(inspection: Inspection): string | null {
  try {
    wholeOf(inspection)
    return null
  } catch (error) {
    return messageOf(error)
  }
}

function factsOf(
  { checkpoint, unknown, problems }: Omit<Inspection, 'sources'>,
  zeros: ReadonlyMap<string, number> | null,
): ModelFacts {
  const { config, tensors } = checkpoint
  const listed: readonly ListedEntry[] = [...tensors.values(), ...unknown]
  // The family is told by all names, those of missing shards included.
  const roles = tensorRoles(config, new Set([...listed.map(({ name }) => name), ...problems.flatMap((p) => p.tensors)]))
  const bytesByType = new Map<string, number>()
  let [bytes, parameters, linears, pruned] = [0, 0, 0, 0]
  let biases = false
  // A note that says more zeros than there are weights is about other weights.
  let isBelieved = true
  for (const tensor of listed) {
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

/** Changes when the weights change: size and time of the file, and of the folder, in which shards are renamed. */
export async function stampOf(path: string): Promise<string> {
  const [file, folder] = await Promise.all([path, dirname(path)].map((p) => stat(p).catch(() => null)))
  return `${file?.size} ${file?.mtimeMs} ${folder?.mtimeMs}`
}
