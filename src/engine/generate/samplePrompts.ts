// Greedy generation after the prompts of a recipe.
import type { Sample } from '../../runs/series/events.ts'
import type { Decoder } from '../model/decoder.ts'
import type { NextOptions } from '../model/nextToken.ts'
import { openTextGenerator } from './generateText.ts'
import type { PromptSet } from './promptSet.ts'

interface SampleOptions extends NextOptions {
  /** Called with the tokens so far; of a text that ends early the tokens that it did not need count too. */
  readonly onProgress?: (done: number, total: number) => void
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
      onProgress?.(samples.length * maxTokens, prompts.length * maxTokens)
    }
    return { samples, seconds: (performance.now() - begun) / 1000 }
  } finally {
    await generator.close()
  }
}
