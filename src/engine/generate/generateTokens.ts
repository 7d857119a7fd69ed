// Generates token after token: the prompt in one pass, then one position at a time against the cache of keys and values.
import { EngineError, throwIfCancelled } from '../errors.ts'
import type { Decoder } from '../model/decoder.ts'
import { createKvCache, type KvCache, kvCacheBytes } from '../model/kvCache.ts'
import type { NextOptions } from '../model/nextToken.ts'
import { createRng, type Rng } from '../rng.ts'
import { formatBytes } from '../../formatting/numbers.ts'
import type { ModelConfig } from '../../catalog/families/modelConfig.ts'

export interface GenerateOptions extends Sampling, NextOptions {
  readonly maxTokens: number
  readonly seed: number
  /** Ids that end the text; the first that comes is its last token. */
  readonly stop: ReadonlySet<number>
}

/** Most positions of a prompt and its continuation; learned positions limit it. */
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
 * @throws EngineError 'usage' for a prompt that leaves no room, 'numeric' for a model that predicts NaN.
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
        'the model predicts NaN: its weights contain NaN or infinity, or its activations overflow f32; ' +
          'sparsescope inspect --stats names the tensors that contain such values',
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

/** How the next token is picked: the likeliest (greedy), or one drawn from the softmax of the logits. */
interface Sampling {
  /** 0 is greedy: always the likeliest token. */
  readonly temperature: number
  /** Nucleus sampling (Holtzman et al., 2020): only the likeliest tokens that together have this probability. 1 is all. */
  readonly topP: number
}

/** The id of the largest logit, the lower of equal ones, as torch.argmax; −1 where one is NaN. */
export function likeliest(logits: Float32Array): number {
  let best = 0
  let top = logits[0]
  if (Number.isNaN(top)) return -1
  for (let id = 1; id < logits.length; id++) {
    const logit = logits[id]
    if (logit <= top) continue
    if (Number.isNaN(logit)) return -1
    best = id
    top = logit
  }
  return best
}

/** The next id; −1 where a logit is NaN. */
export function pickToken(logits: Float32Array, { temperature, topP }: Sampling, rng: Rng): number {
  const best = likeliest(logits)
  if (temperature === 0 || best < 0) return best
  const top = logits[best]
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - top) / temperature))
  const ids = topP < 1 ? nucleus(weights, topP) : null
  const total = ids ? ids.reduce((sum, id) => sum + weights[id], 0) : weights.reduce((sum, w) => sum + w, 0)
  let left = rng.uniform() * total
  const count = ids?.length ?? weights.length
  for (let i = 0; i < count; i++) {
    const id = ids ? ids[i] : i
    left -= weights[id]
    if (left < 0) return id
  }
  // The draw is so close to the sum that rounding left no id for it.
  return ids ? ids[count - 1] : best
}

/** Ids of the nucleus, likeliest first; the first is always among them. */
function nucleus(weights: Float64Array, topP: number): number[] {
  const total = weights.reduce((sum, w) => sum + w, 0)
  const ordered = Array.from(weights.keys()).sort((a, b) => weights[b] - weights[a] || a - b)
  let sum = 0
  const end = ordered.findIndex((id) => (sum += weights[id]) >= topP * total)
  return ordered.slice(0, end < 0 ? ordered.length : end + 1)
}

/** log Σ exp(logits), in f64. */
function logSum(logits: Float32Array): number {
  let top = -Infinity
  for (const logit of logits) if (logit > top) top = logit
  let sum = 0
  for (const logit of logits) sum += Math.exp(logit - top)
  return top + Math.log(sum)
}

/** Log softmax of one logit. */
export function logProbability(logits: Float32Array, id: number): number {
  return logits[id] - logSum(logits)
}

/** The `count` likeliest, most likely first; of equal ones the lower id. */
export function likeliestTokens(logits: Float32Array, count: number): { id: number; logProbability: number }[] {
  const total = logSum(logits)
  const best: number[] = []
  for (let id = 0; id < logits.length; id++) {
    if (best.length === count && !(logits[id] > logits[best[count - 1]])) continue
    const at = best.findIndex((other) => logits[id] > logits[other])
    best.splice(at < 0 ? best.length : at, 0, id)
    if (best.length > count) best.pop()
  }
  return best.map((id) => ({ id, logProbability: logits[id] - total }))
}
