// The bytes that the items of a wasm task touch, so that tensors outside the WebAssembly memory can be shown to it a panel at
// a time (staged.ts). A task without a line here only takes addresses inside, or is a native one that stages by itself.
import type { Use } from './stage.ts'

/** The memory behind one argument of a task. */
export type Operand = { readonly arg: number; readonly use: Use } &
  /** Each item owns `bytes` bytes, one item after the other. The operand ends after `total` bytes. */
  (
    | { readonly kind: 'items'; readonly bytes: number; readonly total?: number }
    | { /** Every item reads all of it. */ readonly kind: 'whole'; readonly bytes: number }
    /** Items are columns of f32 in rows of `ld` elements. Panels of them are packed, so that they have one `ld`. */
    | { readonly kind: 'columns'; readonly rows: number; readonly ld: number }
  )

export interface TaskOperands {
  readonly operands: readonly Operand[]
  /** Panels begin at multiples of so many items, so that SIMD vectors hold the same items as without panels. */
  readonly grain: number
  /** The kernel needs to know which items these are; else they are renumbered from 0. */
  readonly numbered?: boolean
  /** Scalar arguments, by index, that are different for a panel of `count` items from `start` on. */
  readonly scalars?: (start: number, count: number) => Readonly<Record<number, number>>
}

const [vector, single] = [16, 1]

const items = (use: Use, arg: number, bytes: number): Operand => ({ kind: 'items', use, arg, bytes })
const whole = (arg: number, bytes: number): Operand => ({ kind: 'whole', use: 'in', arg, bytes })
const columns = (arg: number, rows: number, ld: number): Operand => ({ kind: 'columns', use: 'in', arg, rows, ld })

const useOf = { o: 'out', i: 'in', u: 'inout' } as const

/** Operands of an elementwise task on f32: the use of each argument, in order; o = out, i = in, u = inout. */
const elements = (...uses: (keyof typeof useOf)[]): TaskOperands => ({
  operands: uses.map((use, arg) => items(useOf[use], arg, 4)),
  grain: vector,
})

const rows = (...operands: Operand[]): TaskOperands => ({ operands, grain: single })

const floatBytes = (code: number) => (code === 0 ? 4 : 2)
/** The same with a first argument whose elements are of type `code`. */
const narrowed = (task: TaskOperands, code: number): TaskOperands => ({
  ...task,
  operands: [items('out', 0, floatBytes(code)), ...task.operands.slice(1)],
})
const wordBytes = (bits: number) => 4 * Math.ceil(bits / 32)

type Args = readonly number[]

const sumsOfColumns = (a: Args): TaskOperands => ({
  operands: [items('inout', 0, 4), columns(1, a[2], a[3])],
  grain: vector,
  scalars: (_, count) => ({ 3: count }),
})

/** Operands of a task on scores: weight rows [width] (argument 0), column scales [2, width] (2), and mask rows (`mask`). */
const scored = (a: Args, mask?: number): Operand[] => [
  items('in', 0, 4 * a[1]),
  whole(2, 8 * a[1]),
  ...(mask === undefined ? [] : [items('inout', mask, 4 * a[mask + 1])]),
]

/** Operands by task. `args` are the arguments of the kernel after `start` and `end`. */
export const taskOperands: Readonly<Record<string, (args: Args) => TaskOperands>> = {
  add: () => elements('o', 'i', 'i'),
  addScaled: () => elements('u', 'i'),
  scaledDifference: () => elements('o', 'i', 'i'),
  fill: () => elements('o'),
  fillWords: () => elements('o'),
  fillHalves: () => ({ operands: [items('out', 0, 2)], grain: vector }),
  addParts: () => elements('u'),
  addSum: (a) => rows(items('inout', 0, 4), items('in', 1, 8 * a[2])),
  adamw: () => elements('u', 'i', 'u', 'u'),
  activation: (a) => narrowed(elements('o', 'i'), a[3]),
  activationBackward: () => elements('o', 'i', 'i'),
  gated: (a) => narrowed(elements('o', 'i', 'i'), a[4]),
  gatedBackward: () => elements('o', 'o', 'i', 'i', 'i'),
  convert: (a) => ({
    operands: [items('out', 0, floatBytes(a[1])), items('in', 2, floatBytes(a[3]))],
    grain: vector,
  }),
  // Items are blocks of a[4] elements, the last of them shorter.
  squareParts: (a) => ({
    operands: [items('out', 0, 8), ...[1, 2].map((arg) => ({ ...items('in', arg, 4 * a[4]), total: 4 * a[3] }))],
    grain: single,
    scalars: (start) => ({ 3: a[3] - start * a[4] }),
  }),

  layerNorm: (a) =>
    rows(
      ...[items('out', 0, floatBytes(a[8]) * a[6]), items('out', 1, 4), items('out', 2, 4), items('in', 3, 4 * a[6])],
      ...[whole(4, 4 * a[6]), whole(5, 4 * a[6])],
    ),
  layerNormBackward: (a) =>
    rows(
      ...[items('out', 0, 4 * a[6]), items('in', 1, 4 * a[6]), items('in', 2, 4 * a[6])],
      ...[items('in', 3, 4), items('in', 4, 4), whole(5, 4 * a[6])],
    ),
  rmsNorm: (a) =>
    rows(items('out', 0, floatBytes(a[7]) * a[4]), items('out', 1, 4), items('in', 2, 4 * a[4]), whole(3, 4 * a[4])),
  rmsNormBackward: (a) =>
    rows(
      ...[items('out', 0, 4 * a[5]), items('in', 1, 4 * a[5]), items('in', 2, 4 * a[5])],
      ...[items('in', 3, 4), whole(4, 4 * a[5])],
    ),
  normGradients: (a) => ({
    operands: [
      ...[items('inout', 0, 4), items('inout', 1, 4), columns(2, a[6], a[7]), columns(3, a[6], a[7])],
      ...[whole(4, 4 * a[6]), whole(5, 4 * a[6])],
    ],
    grain: vector,
    scalars: (_, count) => ({ 7: count }),
  }),
  rope: (a) => {
    const table = 2 * a[3] * a[6]
    return { ...rows(items('inout', 0, 4 * a[4] * a[5]), whole(1, table), whole(2, table)), numbered: true }
  },

  // Only for the size of the stage: the native task calls `linearRow` on panels (productTasks.ts).
  linearRows: (a) => rows(whole(0, 4 * a[1]), items('in', 3, 4 * a[1]), items('out', 2, 4), items('in', 5, 4)),
  linearRow: (a) =>
    rows(items('out', 0, 4), whole(1, 4 * a[5]), items('in', 2, floatBytes(a[3]) * a[5]), items('in', 4, 4)),

  columnSum: sumsOfColumns,
  columnSquares: sumsOfColumns,
  rowDot: (a) => rows(items('out', 0, 4), items('in', 1, 4 * a[3]), items('in', 2, 4 * a[3])),
  sumHeads: (a) => rows(items('out', 0, 4 * a[3] * a[4]), items('in', 1, 4 * a[2] * a[4])),
  logSumExpRows: (a) =>
    rows(
      ...[items('inout', 0, 4), items('inout', 1, 4), items('inout', 2, 4)],
      ...[items('in', 3, 4 * a[5]), items('in', 4, 4)],
    ),
  crossEntropyRows: (a) =>
    rows(items('inout', 0, 4 * a[5]), items('in', 1, 4), items('in', 2, 4), items('in', 3, 4), items('in', 4, 4)),
  divergenceRows: (a) => rows(items('inout', 0, 20), items('in', 1, 4 * a[3]), items('in', 2, 4 * a[3])),
  distillRows: (a) =>
    rows(
      ...[items('inout', 0, 4 * a[7]), items('in', 1, 4 * a[7])],
      ...[2, 3, 4, 5].map((arg) => items('in', arg, 4)),
      items('in', 6, 20),
    ),

  maskRows: (a) => rows(items('inout', 0, a[2] * a[3]), items('in', 1, wordBytes(a[2]))),
  scaleWeight: (a) =>
    rows(items('out', 0, 4 * a[6]), items('in', 1, floatBytes(a[2]) * a[6]), items('in', 3, 4), whole(4, 4 * a[6])),

  copyUpper: (a) => ({
    ...rows(items('out', 0, 4 * a[3]), items('in', 1, 4 * a[3]), items('in', 2, 4)),
    numbered: true,
  }),
  countScores: (a) => rows(...scored(a)),
  countTies: (a) => rows(...scored(a), items('out', 7, 4)),
  maskBelow: (a) => ({ ...rows(...scored(a, 5)), numbered: true }),
  selectRows: (a) => rows(...scored(a, 3)),
  selectGroups: (a) => rows(...scored(a, 3)),
  swapRows: (a) =>
    rows(...[0, 1, 10].map((arg) => items('in', arg, 4 * a[2])), ...[items('inout', 3, 4 * a[4]), items('out', 9, 32)]),
}
