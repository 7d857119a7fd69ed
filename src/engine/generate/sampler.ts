// Picks the next token: the likeliest (greedy), or one drawn from the softmax of the logits.
import type { Rng } from '../rng.ts'

export interface Sampling {
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
  // The draw was within rounding of the sum.
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
