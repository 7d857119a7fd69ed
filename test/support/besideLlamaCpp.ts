// A checkpoint here and its GGUF file in llama.cpp, side by side: ids of prompts, the most likely tokens after them, perplexity.
import { openCheckpoint } from '../../src/engine/checkpoint/checkpoint.ts'
import type { Backend, Precision } from '../../src/engine/compute/backend.ts'
import type { GgufTypeName } from '../../src/catalog/formats/gguf/ggmlTypes.ts'
import { writeGguf } from '../../src/engine/convert/writeGguf.ts'
import { evaluatePerplexity } from '../../src/engine/evaluate/perplexity.ts'
import { openTextGenerator } from '../../src/engine/generate/generateText.ts'
import { computeIn } from '../../src/engine/model/computeIn.ts'
import { createDecoder } from '../../src/engine/model/decoder.ts'
import { openModel } from '../../src/engine/model/model.ts'
import { askLlamaCpp, type Asked } from './llamaCpp.ts'

export interface Ours {
  prompts: number[][]
  tokens: number[][]
  /** By how much each token's log-probability is above the next likeliest's. */
  leads: number[][]
  /** One for each row, as llama.cpp's. */
  losses: number[]
}

/** The figures of a checkpoint in SparseScope. */
export async function ofCheckpoint(
  backend: Backend,
  path: string,
  { prompts = [], tokens = 0, rows = [] }: Asked,
  precision: Precision = 'f32',
): Promise<Ours> {
  const checkpoint = await openCheckpoint(path)
  const model = openModel(checkpoint)
  const decoder = await createDecoder(computeIn(backend, model, precision), model, {
    memoryBytes: 2 ** 32,
    as: 'stored',
  })
  const generator = await openTextGenerator(decoder)
  try {
    const ours: Ours = { prompts: [], tokens: [], leads: [], losses: [] }
    for (const prompt of prompts) {
      const ids = await generator.encode(prompt)
      const made = generator.stream(ids, { maxTokens: tokens, temperature: 0, topP: 1, seed: 0, alternatives: 2 })
      const [chosen, leads]: [number[], number[]] = [[], []]
      for await (const { id, alternatives } of made) {
        chosen.push(id)
        leads.push(alternatives[0].logProbability - alternatives[1].logProbability)
      }
      ours.prompts.push([...ids])
      ours.tokens.push(chosen)
      ours.leads.push(leads)
    }
    for (const row of rows) {
      const set = { windows: 1, seqLen: row.length, ids: Int32Array.from(row), labels: null, mask: null }
      ours.losses.push((await evaluatePerplexity(decoder, set)).loss)
    }
    return ours
  } finally {
    await generator.close()
    await decoder.close()
    await checkpoint.close()
  }
}

/** The checkpoint as a GGUF file, and its figures in llama.cpp. */
export async function inLlamaCpp(
  folder: string,
  path: string,
  file: string,
  type: GgufTypeName | undefined,
  asked: Asked,
) {
  const checkpoint = await openCheckpoint(path)
  try {
    await writeGguf(openModel(checkpoint), file, { type })
  } finally {
    await checkpoint.close()
  }
  return askLlamaCpp(folder, file, asked)
}

/** By how many percent the second perplexity is larger, and the standard error of that over the rows: differences of rounding alone grow smaller with their number. */
export function driftOf(ours: readonly number[], theirs: readonly number[]): { percent: number; error: number } {
  const differences = theirs.map((loss, i) => loss - ours[i])
  const mean = differences.reduce((sum, one) => sum + one, 0) / differences.length
  const squares = differences.reduce((sum, one) => sum + (one - mean) ** 2, 0)
  const error = Math.sqrt(squares / Math.max(1, differences.length - 1) / differences.length)
  return { percent: 100 * Math.expm1(mean), error: 100 * error }
}

/** Prompts with the same tokens from both. After a token that leads by less than `tie`, in nats, the texts may differ. */
export function alike({ tokens, leads }: Ours, theirs: readonly { ids: number[] }[], tie = 0): boolean[] {
  return tokens.map((ours, i) => {
    const parted = ours.findIndex((id, at) => id !== theirs[i].ids[at])
    return parted < 0 || leads[i][parted] < tie
  })
}
