// A checkpoint here and its GGUF file in llama.cpp, side by side: ids of prompts, the most likely tokens after them, perplexity.
import { openCheckpoint } from '../../src/engine/checkpoint/checkpoint.ts'
import type { Backend } from '../../src/engine/compute/backend.ts'
import type { GgufTypeName } from '../../src/shared/format/gguf/ggufTypes.ts'
import { writeGguf } from '../../src/engine/convert/writeGguf.ts'
import { evaluatePerplexity } from '../../src/engine/evaluate/perplexity.ts'
import { openTextGenerator } from '../../src/engine/generate/generateText.ts'
import { createDecoder } from '../../src/engine/model/decoder.ts'
import { openModel } from '../../src/engine/model/model.ts'
import { askLlamaCpp, type Asked } from './llamaCpp.ts'

export interface Ours {
  prompts: number[][]
  tokens: number[][]
  perplexity: number
}

/** What SparseScope makes of a checkpoint in f32. */
export async function ofCheckpoint(
  backend: Backend,
  path: string,
  { prompts = [], tokens = 0, rows = [] }: Asked,
): Promise<Ours> {
  // prettier-ignore
  const checkpoint = await openCheckpoint(path)
  const decoder = await createDecoder(backend, openModel(checkpoint), { memoryBytes: 2 ** 32, as: 'stored' })
  const generator = await openTextGenerator(decoder)
  try {
    const ours: Ours = { prompts: [], tokens: [], perplexity: NaN }
    for (const prompt of prompts) {
      ours.prompts.push([...(await generator.encode(prompt))])
      const { tokens: made } = await generator.generate(prompt, { maxTokens: tokens, temperature: 0, topP: 1, seed: 0 })
      ours.tokens.push([...made])
    }
    const [windows, seqLen] = [rows.length, rows[0]?.length ?? 0]
    if (windows > 0) ours.perplexity = (await evaluatePerplexity(decoder, { windows, seqLen, ids: Int32Array.from(rows.flat()), labels: null, mask: null })).perplexity // prettier-ignore
    return ours
  } finally {
    await generator.close()
    await decoder.close()
    await checkpoint.close()
  }
}

/** The checkpoint as a GGUF file, and what llama.cpp makes of that. */
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
