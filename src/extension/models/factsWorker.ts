// The thread behind factsThread.ts: facts from the headers of a checkpoint, and the sparsity that a run noted beside the weights.
import { parentPort } from 'node:worker_threads'
import { join } from 'node:path'
import { EngineError, messageOf } from '../../errors.ts'
import type { FactsAnswer, FactsQuestion, ModelFacts } from '../support/factsThread.ts'
import { type Checkpoint, openInspection } from '../../engine/checkpoint/checkpoint.ts'
import { type Inspection, type ListedEntry, wholeOf } from '../../engine/checkpoint/inspection.ts'
import { readSmallFile } from '../../engine/checkpoint/regularFile.ts'
import { readModelConfig } from '../../catalog/families/modelConfig.ts'
import { tensorRoles } from '../../catalog/families/tensorRoles.ts'
import { elementsOf } from '../../catalog/formats/dtypes.ts'

const answer = (message: FactsAnswer) => parentPort?.postMessage(message)

parentPort?.on('message', ({ path, mostBytes }: FactsQuestion) => {
  readModelFacts(path, mostBytes).then(
    (facts) => answer({ facts }),
    (error: unknown) => answer({ failed: messageOf(error) }),
  )
})

const maxNoteBytes = 64 * 2 ** 20

/**
 * Facts about the part of a checkpoint that can be opened, as in the Inspector. Reads headers only; null if they exceed `mostBytes`.
 * @throws EngineError with one sentence when nothing can be opened.
 */
export async function readModelFacts(path: string): Promise<ModelFacts>
export async function readModelFacts(path: string, mostBytes: number): Promise<ModelFacts | null>
export async function readModelFacts(path: string, mostBytes = Infinity): Promise<ModelFacts | null> {
  const inspection = await openInspection(path, mostBytes).catch((error: unknown) => {
    if (isTooLong(error)) return null
    throw error
  })
  if (!inspection) return null
  const { checkpoint, problems } = inspection
  try {
    if (problems.some(({ error }) => isTooLong(error))) return null
    return factsOf(inspection, await notedZeros(checkpoint.folder))
  } finally {
    await checkpoint.close()
  }
}

const isTooLong = (error: unknown) => error instanceof EngineError && error.reason === 'too-long'

function problemOf(inspection: Inspection): string | null {
  try {
    wholeOf(inspection)
    return null
  } catch (error) {
    return messageOf(error)
  }
}

function factsOf(inspection: Inspection, zeros: ReadonlyMap<string, number> | null): ModelFacts {
  const { checkpoint, unknown, problems } = inspection
  const { config, tensors } = checkpoint
  const listed: readonly ListedEntry[] = [...tensors.values(), ...unknown]
  // The family is detected from the names of all tensors, including those in missing shards.
  const roles = tensorRoles(config, new Set([...listed.map(({ name }) => name), ...problems.flatMap((p) => p.tensors)]))
  const bytesByType = new Map<string, number>()
  let [bytes, parameters, linears, pruned] = [0, 0, 0, 0]
  let biases = false
  // A note with more zeros than a tensor has weights describes other weights.
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
    problem: problemOf(inspection),
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

/** Zeros by tensor, from the sparsescope.json of a run; null if it is missing or implausible. */
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
