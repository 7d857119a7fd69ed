// Seeded random numbers. The same seed gives the same numbers on every machine.

export interface Rng {
  /** Uniform in [0, 1), 32 bits of randomness. */
  uniform(): number
  /** Standard normal (Box–Muller). */
  normal(): number
  /** Integer in [0, n). */
  below(n: number): number
}

/** FNV-1a of a string: makes one stream per tensor or purpose out of one seed. */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0
}

/** A generator for `seed` and a purpose, e.g. a tensor's name (sfc32, PractRand-tested). */
export function createRng(seed: number, purpose = ''): Rng {
  let a = seed | 0
  let b = hash(purpose) | 0
  let c = Math.floor(seed / 2 ** 32) | 0
  let counter = 1
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return t >>> 0
  }
  for (let i = 0; i < 15; i++) next()
  const uniform = () => next() / 2 ** 32
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    below: (n) => Math.floor(uniform() * n),
  }
}

/** Fisher–Yates, in place. */
export function shuffle<T extends number[] | Int32Array | Uint32Array>(items: T, rng: Rng): T {
  for (let i = items.length - 1; i > 0; i--) {
    const j = rng.below(i + 1)
    ;[items[i], items[j]] = [items[j], items[i]]
  }
  return items
}
