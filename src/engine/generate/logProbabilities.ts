// Log-probabilities of tokens from logits: log softmax, in f64.

/** log Σ exp(logits). */
function logSum(logits: Float32Array): number {
  let top = -Infinity
  for (const logit of logits) if (logit > top) top = logit
  let sum = 0
  for (const logit of logits) sum += Math.exp(logit - top)
  return top + Math.log(sum)
}

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
