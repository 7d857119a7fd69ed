// McNemar's exact test: whether two models that answer the same questions differ, by the questions that only one of them has right.

/**
 * Two-sided p of `onlyA` against `onlyB` discordant rows under a fair coin: min(1, 2 Σ_{i ≤ min} C(n, i) / 2ⁿ) with
 * n = onlyA + onlyB; 1 where there are none.
 */
export function mcnemarP(onlyA: number, onlyB: number): number {
  const n = onlyA + onlyB
  const least = Math.min(onlyA, onlyB)
  // Terms relative to the last one, the largest: the first ones of a thousand rows are below the smallest number.
  let [term, sum] = [1, 1]
  for (let i = least; i > 0; i--) sum += term *= i / (n - i + 1)
  let logLast = -n * Math.LN2
  for (let i = 1; i <= least; i++) logLast += Math.log((n - i + 1) / i)
  return Math.min(1, 2 * Math.exp(logLast) * sum)
}

/** "p = 0.021" */
export function pText(p: number): string {
  return p < 0.001 ? 'p < 0.001' : `p = ${p.toPrecision(2)}`
}
