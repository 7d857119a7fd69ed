// Sparsity has one definition: zeros over weights. The sparsity of several matrices comes from their sums, never from a mean
// of their sparsities, which a small matrix would move as far as a large one. N:M patterns: docs/methods.md, "N:M".

/** Zeros of a matrix, or of several. */
export interface ZeroCount {
  readonly zeros: number
  /** Number of weights. */
  readonly size: number
}

/** Share of zeros in all parts together; null if there are no weights, or if a part lacks its size. */
export function sparsityOf(parts: Iterable<ZeroCount>): number | null {
  let zeros = 0
  let size = 0
  for (const part of parts) {
    zeros += part.zeros
    size += part.size
  }
  return size > 0 ? zeros / size : null
}

/** n zeros in each m consecutive inputs of a row. */
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

/** How well a matrix obeys an N:M pattern. */
export interface NmValidity {
  groups: number
  /** Groups of M along the inputs that hold fewer than N zeros. */
  violations: number
}

/** With a smaller share of valid groups, the pattern was not intended. If half of all weights are zero at random, 69 % obey 2:4. */
const leastKept = 0.2

/** Share of the groups that obey the pattern, 0 to 1. */
export function keptShare({ groups, violations }: NmValidity): number {
  return groups === 0 ? 0 : (groups - violations) / groups
}

export function isKept(validity: NmValidity): boolean {
  return keptShare(validity) >= leastKept
}
