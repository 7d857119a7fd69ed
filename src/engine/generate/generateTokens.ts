// Generates token after token: the prompt in one pass, then one position at a time against the cache of keys and values.
import { EngineError, throwIfCancelled } from '../errors.ts'
import type { Decoder } from '../model/decoder.ts'
import { createKvCache, kvCacheBytes, type KvCache } from '../model/kvCache.ts'
import type { NextOptions } from '../model/nextToken.ts'
import { createRng } from '../rng.ts'
import { formatBytes } from '../../formatting/numbers.ts'
import type { ModelConfig } from '../../catalog/families/modelConfig.ts'
import { pickToken, type Sampling } from './sampler.ts'

export interface GenerateOptions extends Sampling, NextOptions {
  readonly maxTokens: number
  readonly seed: number
  /** Ids that end the text; the first that comes is its last token. */
  readonly stop: ReadonlySet<number>
}

/** Number of positions to which a prompt may grow: no more than the model's learned positions. */
export function roomFor(config: ModelConfig, promptTokens: number, maxTokens: number): number {
  const length = promptTokens + maxTokens
  return config.position.kind === 'learned' ? Math.min(length, config.maxPositions) : length
}

/** A new token, and the logits that it was picked by. */
export interface NextToken {
  readonly id: number
  /** Logits [V]. */
  readonly logits: Float32Array
}

/** @throws EngineError 'usage' for a prompt that leaves no room. */
export function requireRoom(config: ModelConfig, promptTokens: number): void {
  if (promptTokens > 0 && roomFor(config, promptTokens, 1) > promptTokens) return
  throw new EngineError(
    'usage',
    promptTokens === 0
      ? 'the prompt holds no token; write something'
      : `a prompt of ${promptTokens} tokens leaves no room in the model's ${config.maxPositions} positions; shorten it`,
  )
}

/**
 * New tokens, each as soon as it is known. Ends after `maxTokens`, after a stop token, or where learned positions end.
 * @throws EngineError 'usage' for a prompt that leaves no room, 'numeric' for a model that says NaN.
 */
export async function* generateTokens(
  decoder: Decoder,
  prompt: Int32Array<ArrayBuffer>,
  { maxTokens, seed, stop, signal, adapterOf, ...sampling }: GenerateOptions,
): AsyncGenerator<NextToken> {
  const { config } = decoder.model
  requireRoom(config, prompt.length)
  const room = roomFor(config, prompt.length, maxTokens)
  const rng = createRng(seed, 'generate')
  using cache = cacheFor(decoder, room)
  let ids = prompt
  for (let length = prompt.length; length < room; length++) {
    throwIfCancelled(signal)
    const logits = await decoder.nextLogits(ids, cache, { signal, adapterOf })
    const id = pickToken(logits, sampling, rng)
    if (id < 0)
      throw new EngineError(
        'numeric',
        'the model says NaN where it should say how likely a token is: its weights are not finite, or grow beyond what f32 ' +
          'holds; sparsescope inspect --stats names the tensors that hold such values',
      )
    yield { id, logits }
    if (stop.has(id)) return
    ids = Int32Array.of(id)
  }
}

/** @throws EngineError 'out-of-memory' with what would help. */
function cacheFor({ backend, model: { config } }: Decoder, tokens: number): KvCache {
  try {
    return createKvCache(backend, config, tokens)
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'out-of-memory') throw error
    const bytes = formatBytes(kvCacheBytes(config, tokens))
    const message = `keys and values of ${tokens} tokens take ${bytes}: ask for fewer new tokens (--max-tokens), or use a shorter prompt`
    throw new EngineError('out-of-memory', message, { cause: error })
  }
}
