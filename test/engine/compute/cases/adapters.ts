// Adapters: effective weights, their gradients, masks.
import type { DType } from '../../../../src/engine/dtype.ts'
import { constant, exact, garbage, maker, sums, type OpCase } from './opCase.ts'

/** [N, O, I, rank]. */
const shapes = [
  [1, 1, 1, 1],
  [3, 5, 7, 2],
  [11, 67, 33, 3],
  [40, 130, 96, 16],
  [9, 70, 2100, 5],
  [20, 136, 196, 4],
] as const

const loraWeight = (o: number, i: number, rank: number, dtype: DType, masked: boolean): OpCase => {
  const name = `loraWeight ${o}×${i} rank ${rank} ${dtype}${masked ? ' masked' : ''}`
  const { f32, weight, mask } = maker(name)
  return {
    name,
    tensors: {
      out: garbage([o, i]),
      weight: weight(dtype, [o, i]),
      a: f32([rank, i]),
      b: f32([o, rank]),
      ...(masked ? { mask: mask(o, i) } : {}),
    },
    run: (k, t) => k.loraWeight(t.out, t.weight, t.mask ?? null, t.a, t.b, 0.75),
    outputs: ['out'],
    tolerance: sums,
  }
}

const loraBackward = (n: number, o: number, i: number, rank: number, masked: boolean, biased = false): OpCase => {
  const name = `loraBackward ${n}: ${o}×${i} rank ${rank}${masked ? ' masked' : ''}${biased ? ' with bias' : ''}`
  const { f32, mask } = maker(name)
  return {
    name,
    tensors: {
      dA: f32([rank, i]),
      dB: f32([o, rank]),
      dOut: f32([n, o]),
      input: f32([n, i]),
      a: f32([rank, i]),
      b: f32([o, rank]),
      ...(masked ? { mask: mask(o, i) } : {}),
      ...(biased ? { dBias: f32([o]) } : {}),
    },
    run: (k, t) => k.loraBackward(t.dA, t.dB, t.dOut, t.input, t.mask ?? null, t.a, t.b, 0.75, t.dBias),
    outputs: ['dA', 'dB', 'dBias'],
    tolerance: sums,
  }
}

const scaleWeight = (o: number, i: number, dtype: DType): OpCase => {
  const name = `scaleWeight ${o}×${i} ${dtype}`
  const { f32, weight } = maker(name)
  return {
    name,
    tensors: { out: garbage([o, i]), weight: weight(dtype, [o, i]), row: f32([o]), column: f32([i]) },
    run: (k, t) => k.scaleWeight(t.out, t.weight, t.row, t.column, 1.5),
    outputs: ['out'],
    tolerance: sums,
  }
}

const scaleBackward = (n: number, o: number, i: number, dtype: DType): OpCase => {
  const name = `scaleBackward ${n}: ${o}×${i} ${dtype}`
  const { f32, weight } = maker(name)
  return {
    name,
    tensors: {
      dRow: f32([o]),
      dColumn: f32([i]),
      dOut: f32([n, o]),
      input: f32([n, i]),
      weight: weight(dtype, [o, i]),
      row: f32([o]),
      column: f32([i]),
    },
    run: (k, t) => k.scaleBackward(t.dRow, t.dColumn, t.dOut, t.input, t.weight, t.row, t.column, 1.5),
    outputs: ['dRow', 'dColumn'],
    tolerance: sums,
  }
}

const applyMask = (rows: number, columns: number, dtype: DType): OpCase => {
  const name = `applyMask ${rows}×${columns} ${dtype}`
  const { weight, mask } = maker(name)
  return {
    name,
    tensors: { x: weight(dtype, [rows, columns]), mask: mask(rows, columns) },
    run: (k, t) => k.applyMask(t.x, t.mask),
    outputs: ['x'],
    tolerance: exact,
  }
}

/** A pruned NaN, infinity or −0 is +0 afterwards: a mask is not a product. */
const maskOfSpecials: OpCase = {
  name: 'applyMask makes pruned NaN and infinity +0',
  tensors: { x: constant([3, 5], NaN), y: constant([3, 5], -Infinity), mask: maker('none').mask(3, 5, 0) },
  run: (k, t) => {
    k.applyMask(t.x, t.mask)
    k.applyMask(t.y, t.mask)
  },
  outputs: ['x', 'y'],
  tolerance: exact,
}

const dtypes: DType[] = ['f32', 'bf16', 'f16']

export const adapterCases: OpCase[] = [
  ...shapes.flatMap(([, o, i, r]) =>
    dtypes.flatMap((dtype) => [true, false].map((m) => loraWeight(o, i, r, dtype, m))),
  ),
  ...shapes.flatMap(([n, o, i, r]) =>
    [true, false].flatMap((masked) => [false, true].map((biased) => loraBackward(n, o, i, r, masked, biased))),
  ),
  ...shapes.flatMap(([n, o, i]) =>
    dtypes.flatMap((dtype) => [scaleWeight(o, i, dtype), scaleBackward(n, o, i, dtype), applyMask(o, i, dtype)]),
  ),
  maskOfSpecials,
]
