// Sums over columns, gathers, scatters, strided copies.
import type { CopyShape } from '../../../../src/engine/compute/kernels.ts'
import type { DType } from '../../../../src/engine/dtype.ts'
import { exact, garbage, maker, roundings, sums, type OpCase, type Tolerance } from './opCase.ts'

const shapes = [
  [1, 1],
  [3, 5],
  [70, 33],
  [517, 18],
  [6, 1030],
] as const

const columns = (op: 'columnSum' | 'columnSquares', n: number, c: number, tolerance: Tolerance = sums): OpCase => {
  const name = `${op} ${n}×${c}`
  const { f32 } = maker(name)
  return {
    name,
    tensors: { out: f32([c]), x: f32([n, c]) },
    run: (k, t) => k[op](t.out, t.x),
    outputs: ['out'],
    tolerance,
  }
}

const gather = (m: number, c: number, dtype: DType, scale: number): OpCase => {
  const name = `gatherRows ${m}×${c} ${dtype} scale ${scale}`
  const { weight, ids } = maker(name)
  return {
    name,
    tensors: { out: garbage([m, c]), table: weight(dtype, [11, c]), rows: ids([m], 11) },
    run: (k, t) => k.gatherRows(t.out, t.table, t.rows, scale),
    outputs: ['out'],
    tolerance: scale === 1 ? exact : roundings,
  }
}

/** The middle rows of a table of 11, which is all that this part of it writes. */
const gatherOfPart = (m: number, c: number, dtype: DType): OpCase => {
  const name = `gatherRows ${m}×${c} ${dtype} of rows 4 to 8`
  const { f32, weight, ids } = maker(name)
  return {
    name,
    tensors: { out: f32([m, c]), table: weight(dtype, [5, c]), rows: ids([m], 11) },
    run: (k, t) => k.gatherRows(t.out, t.table, t.rows, 1, 4),
    outputs: ['out'],
    tolerance: exact,
  }
}

const scatter = (m: number, c: number, scaled: boolean): OpCase => {
  const name = `scatterAddRows ${m}×${c}${scaled ? ' scaled' : ''}`
  const { f32, ids } = maker(name)
  return {
    name,
    tensors: { out: f32([7, c]), x: f32([m, c]), rows: ids([m], 7), ...(scaled ? { rowScale: f32([m]) } : {}) },
    run: (k, t) => k.scatterAddRows(t.out, t.x, t.rows, t.rowScale ?? null),
    outputs: ['out'],
    tolerance: sums,
  }
}

const rowDot = (m: number, c: number): OpCase => {
  const name = `rowDot ${m}×${c}`
  const { f32 } = maker(name)
  return {
    name,
    tensors: { out: garbage([m]), a: f32([m, c]), b: f32([m, c]) },
    run: (k, t) => k.rowDot(t.out, t.a, t.b),
    outputs: ['out'],
    tolerance: sums,
  }
}

const copy = (name: string, length: [number, number], shape: CopyShape): OpCase => {
  const { f32 } = maker(name)
  return {
    name,
    tensors: { out: f32([length[0]]), input: f32([length[1]]) },
    run: (k, t) => k.copy(t.out, t.input, shape),
    outputs: ['out'],
    tolerance: exact,
  }
}

/** q of each head out of a fused [N, 3·H·D] that interleaves q, k, v by head: H = 3, D = 5. */
const splitHeads: CopyShape = {
  ...{ rows: 9, groups: 3, width: 5 },
  ...{ outRow: 15, outGroup: 5, outOffset: 0, inRow: 45, inGroup: 15, inOffset: 5 },
}
/** Columns [8, 19) of a [6, 19] into a [6, 11]. */
const cutColumns: CopyShape = {
  ...{ rows: 6, groups: 1, width: 11 },
  ...{ outRow: 11, outGroup: 0, outOffset: 0, inRow: 19, inGroup: 0, inOffset: 8 },
}
/** One row for all: a bias of rows. */
const spread: CopyShape = {
  ...{ rows: 4, groups: 2, width: 3 },
  ...{ outRow: 6, outGroup: 3, outOffset: 0, inRow: 0, inGroup: 0, inOffset: 2 },
}
/** Heads in the outer dimension: rows interleave, groups lie far apart. */
const byHead: CopyShape = {
  ...{ rows: 900, groups: 4, width: 5 },
  ...{ outRow: 5, outGroup: 4500, outOffset: 0, inRow: 20, inGroup: 5, inOffset: 0 },
}

export const rowCases: OpCase[] = [
  ...shapes.flatMap(([n, c]) => [columns('columnSum', n, c), columns('columnSquares', n, c), rowDot(n, c)]),
  // As many tokens as a calibration set has: one sum in f32 after the other is off by 2e-6 and more.
  columns('columnSquares', 30_000, 17, { ofMax: 7e-7 }),
  ...shapes.flatMap(([n, c]) => (['f32', 'bf16', 'f16'] as const).map((dtype) => gather(n, c, dtype, 1))),
  gather(5, 9, 'f32', 2.5),
  gatherOfPart(70, 33, 'f32'),
  gatherOfPart(517, 18, 'bf16'),
  ...shapes.flatMap(([n, c]) => [scatter(n, c, false), scatter(n, c, true)]),
  copy('copy of heads', [135, 405], splitHeads),
  copy('copy of columns', [66, 114], cutColumns),
  copy('copy to heads outside', [18_000, 18_000], byHead),
  copy('copy of one row to many', [24, 5], spread),
]
