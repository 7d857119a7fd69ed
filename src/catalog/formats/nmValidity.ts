// Whether an N:M pattern is worth a word: a dense matrix breaks all of them, and nobody needs to read that.

export interface NmValidity {
  groups: number
  /** Groups of M along the inputs that hold fewer than N zeros. */
  violations: number
}

/** Below this share of obeying groups the pattern was not meant. Half of all weights at random zero keep 69 % of 2:4. */
const leastKept = 0.2

/** Share of the groups that obey, 0 to 1. */
export function keptShare({ groups, violations }: NmValidity): number {
  return groups === 0 ? 0 : (groups - violations) / groups
}

export function isKept(validity: NmValidity): boolean {
  return keptShare(validity) >= leastKept
}
