// The prompts of a recipe: checked before a run begins, and continued greedily.
import type { Sample } from '../../runs/series/events.ts'
import type { Decoder } from '../model/decoder.ts'
import type { NextOptions } from '../model/nextToken.ts'
import { openTextGenerator } from './generateText.ts'
import type { ModelConfig } from '../../catalog/families/modelConfig.ts'
import type { ResolvedEvaluation } from '../../recipe/resolve.ts'
import { EngineError } from '../errors.ts'
import { openTokenizer } from '../text/tokenizer.ts'
import { requireRoom } from './generateTokens.ts'

interface SampleOptions extends NextOptions {
  /** Called with the tokens so far. A text that ends early counts as `maxTokens` tokens. */
  readonly onProgress?: (done: number, total: number) => Promise<void> | void
}

export async function samplePrompts(
  decoder: Decoder,
  { prompts, maxTokens }: PromptSet,
  { onProgress, ...options }: SampleOptions = {},
): Promise<{ samples: Sample[]; seconds: number }> {
  const begun = performance.now()
  const generator = await openTextGenerator(decoder, options.signal)
  try {
    const samples: Sample[] = []
    for (const prompt of prompts) {
      const greedy = { maxTokens, temperature: 0, topP: 1, seed: 0 }
      const { text, tokens, ends } = await generator.generate(prompt, { ...options, ...greedy })
      samples.push({ prompt, text, tokens, ends })
      await onProgress?.(samples.length * maxTokens, prompts.length * maxTokens)
    }
    return { samples, seconds: (performance.now() - begun) / 1000 }
  } finally {
    await generator.close()
  }
}

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

/** Each prompt must have a token, and the model room for more. @throws EngineError 'usage' that names the prompt. */
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
