// Keys of a pruning step that only some methods take. A method's row names the keys that it takes, with its own defaults.

interface KeyRow {
  readonly kind: 'count' | 'share'
  /** Its meaning in Markdown, for hovers and the reference. */
  readonly about: string
  /** Its meaning in short, for the command line's help. */
  readonly option: string
}

export const methodKeys = {
  iterations: {
    kind: 'count',
    about: 'Largest number of iterations. With admm the sparsity grows over the first three quarters of them.',
    option: 'largest number of iterations',
  },
  block_size: {
    kind: 'count',
    about: 'Columns that are handled at once; a multiple of M with N:M (arXiv 2301.00774).',
    option: 'columns between two updates',
  },
  dampening: {
    kind: 'share',
    about: 'Share of the mean diagonal that is added to the Hessian to make it invertible.',
    option: 'share of the mean diagonal added to the Hessian',
  },
} as const satisfies Record<string, KeyRow>

export type MethodKey = keyof typeof methodKeys

/** Values of the keys that a method takes. */
export type MethodSettings = Readonly<Partial<Record<MethodKey, number>>>

export const methodKeyNames = Object.keys(methodKeys) as MethodKey[]
