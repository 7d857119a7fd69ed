// The work of a run by kind, each in the unit in which its time grows, and the rates at which a processor does it.

/** Kinds that grow with sizes of products have two: of small matrices and short texts, and of large and long ones ("wide"). */
type Sized = `${'product' | 'attention' | 'attentionBack'} ${'f32' | 'bf16'}`

export type WorkKind =
  /** Floating-point operations. */
  | Sized
  | `${Sized} wide`
  /** n³ of Hessians that are factored. */
  | 'factor'
  /** Weights times columns of a block of SparseGPT's sweep. */
  | 'sweep'
  /** Weights of which the smallest of a row are chosen. */
  | 'choice'
  /** Weights of a matrix, each time that its scores are counted or compared. */
  | 'score'
  /** Elements: written by what moves or adds them, … */
  | 'move'
  | 'norm'
  | 'normBack'
  | 'activation'
  | 'activationBack'
  /** … logits, each time that a loss goes over them, alone or beside those of another model; */
  | 'loss'
  | 'divergence'
  /** … and weights times the rank of their adapter, in its effective weight or in its gradient. */
  | 'adapt'
  /** Bytes of weights that are read, or written. */
  | 'disk'

export type Work = Readonly<Partial<Record<WorkKind, number>>>

/** Units a second of one thread, while all work. */
export type Rates = Readonly<Record<WorkKind, number>>

/** The smaller side of a matrix, and tokens × width of a head, at which the two of a sized kind are measured. */
export const measuredAt = {
  product: { small: 768, wide: 2048 },
  attention: { small: 512 * 64, wide: 1024 * 128 },
} as const

/** A server core with AMX, by which machines are judged that nobody has measured. */
export const usualRates: Rates = {
  'product f32': 130e9,
  'product f32 wide': 120e9,
  'product bf16': 280e9,
  'product bf16 wide': 380e9,
  'attention f32': 45e9,
  'attention f32 wide': 60e9,
  'attention bf16': 20e9,
  'attention bf16 wide': 27e9,
  'attentionBack f32': 55e9,
  'attentionBack f32 wide': 75e9,
  'attentionBack bf16': 33e9,
  'attentionBack bf16 wide': 38e9,
  factor: 65e9,
  sweep: 9e9,
  choice: 0.11e9,
  score: 0.6e9,
  move: 1e9,
  norm: 0.75e9,
  normBack: 0.25e9,
  activation: 0.36e9,
  activationBack: 0.2e9,
  loss: 0.6e9,
  divergence: 0.3e9,
  adapt: 8e9,
  disk: 400e6,
}

export const workKinds = Object.keys(usualRates) as WorkKind[]

export function sumOf(works: readonly Work[]): Work {
  const sum: Partial<Record<WorkKind, number>> = {}
  for (const work of works)
    for (const [kind, count] of Object.entries(work) as [WorkKind, number][]) sum[kind] = (sum[kind] ?? 0) + count
  return sum
}

export function timesWork(count: number, work: Work): Work {
  return Object.fromEntries(Object.entries(work).map(([kind, units]) => [kind, count * units]))
}

/** Seconds of one thread. */
export function secondsOfWork(work: Work, rates: Rates): number {
  return workKinds.reduce((sum, kind) => sum + (work[kind] ?? 0) / rates[kind], 0)
}

/** Operations of a sized kind, shared out to its two by where `size` lies between those that are measured. */
export function sized(kind: Sized, operations: number, size: number): Work {
  const { small, wide } = kind.startsWith('product') ? measuredAt.product : measuredAt.attention
  const share = Math.min(1, Math.max(0, Math.log(size / small) / Math.log(wide / small)))
  return { [kind]: (1 - share) * operations, [`${kind} wide`]: share * operations }
}

/** Side of the tiles of which a symmetric product computes the upper ones. */
const gramTile = 256

/** XᵀX [columns, columns] of X [tokens, columns]. */
export function gramWork(tokens: number, columns: number): Work {
  return sized('product f32', tokens * columns * (columns + Math.min(gramTile, columns)), columns)
}

/** A product of [tokens, columns] with [rows, columns], or one of the two of its backward. */
export function productWork(precision: 'f32' | 'bf16', tokens: number, rows: number, columns: number): Work {
  return sized(`product ${precision}`, 2 * tokens * rows * columns, Math.min(rows, columns))
}
