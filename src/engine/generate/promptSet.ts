// Prompts of a recipe are checked before hours of work: each must have a token, and the model room for more.
import type { ModelConfig } from '../../catalog/families/modelConfig.ts'
import type { ResolvedEvaluation } from '../../recipe/resolve.ts'
import { EngineError } from '../errors.ts'
import { openTokenizer } from '../text/tokenizer.ts'
import { requireRoom } from './generateTokens.ts'

export interface PromptSet {
  readonly prompts: readonly string[]
  /** Number of tokens of each prompt. */
  readonly promptTokens: readonly number[]
  readonly maxTokens: number
}

interface Surroundings {
  readonly folder: string
  readonly config: ModelConfig
  readonly signal?: AbortSignal
}

/** @throws EngineError 'usage' that names the prompt. */
export async function readPrompts(
  { task, prompts = [], max_tokens: maxTokens = 1 }: ResolvedEvaluation,
  { folder, config, signal }: Surroundings,
): Promise<PromptSet> {
  const tokenizer = await openTokenizer(folder, { signal })
  try {
    const promptTokens: number[] = []
    for (const [i, prompt] of prompts.entries()) {
      const { length } = await tokenizer.encode(prompt, { signal })
      promptTokens.push(length)
      requireFit(config, length, `prompt ${i + 1} of ${task}`)
    }
    return { prompts, promptTokens, maxTokens }
  } finally {
    await tokenizer.close()
  }
}

function requireFit(config: ModelConfig, promptTokens: number, name: string): void {
  try {
    requireRoom(config, promptTokens)
  } catch (error) {
    throw error instanceof EngineError ? new EngineError(error.code, `${name}: ${error.message}`) : error
  }
}
