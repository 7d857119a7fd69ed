// N:M sparsity: n zeros in each m consecutive inputs of a row (docs/methods.md, "N:M").

export interface NmPattern {
  readonly n: number
  readonly m: number
}

/** `2:4`, with 0 < N < M; null for anything else. */
export function parseNm(text: string): NmPattern | null {
  const match = /^([1-9]\d{0,3}):([1-9]\d{0,3})$/.exec(text)
  if (!match) return null
  const [n, m] = [Number(match[1]), Number(match[2])]
  return n < m ? { n, m } : null
}

export function formatNm({ n, m }: NmPattern): string {
  return `${n}:${m}`
}
