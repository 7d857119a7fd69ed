// Adapters: effective weights, their gradients, masks.
import type { DType } from '../../../../src/engine/dtype.ts'
import { reshape } from '../../../../src/engine/compute/tensor.ts'
import { constant, exact, garbage, maker, partsOf, sums, type OpCase } from './opCase.ts'

/** [N, O, I, rank]. */
const shapes = [
  [1, 1, 1, 1],
  [3, 5, 7, 2],
  [11, 67, 33, 3],
  [40, 130, 96, 16],
  [9, 70, 2100, 5],
  [20, 136, 196, 4],
  [20, 136, 196, 64],
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

/** Adapters of weights of one shape: `weights` in tensors of their own, all else side by side. */
const loraWeights = (o: number, i: number, rank: number, dtype: DType, count: number, masked = true): OpCase => {
  const name = `loraWeights ${count} of ${o}×${i} rank ${rank} alike ${dtype}${masked ? ' masked' : ''}`
  const { f32, weight, mask } = maker(name)
  const weights = Array.from({ length: count }, (_, k) => [`weight${k}`, weight(dtype, [o, i])] as const)
  return {
    name,
    tensors: {
      ...{ out: garbage([count, o, i]), a: f32([count, rank, i]), b: f32([count, o, rank]) },
      ...Object.fromEntries(weights),
      ...(masked ? { mask: mask(count * o, i) } : {}),
    },
    run: (k, t) => {
      const [outs, as, bs] = [t.out, t.a, t.b].map((tensor) => partsOf(tensor, count))
      const masks = masked ? partsOf(reshape(t.mask, [count, o, t.mask.shape[1]]), count) : []
      k.loraWeights(
        outs.map((out, n) => ({ out, weight: t[`weight${n}`], mask: masks[n] ?? null, a: as[n], b: bs[n] })),
        0.75,
      )
    },
    outputs: ['out'],
    tolerance: sums,
  }
}

/** `swapped`: not at equal distances. */
const lorasBackward = (n: number, o: number, i: number, rank: number, masked: boolean, swapped = false): OpCase => {
  const name = `lorasBackward ${n}: 3 of ${o}×${i} rank ${rank} alike${masked ? ' masked' : ''}${swapped ? ' swapped' : ''}`
  const { f32, mask } = maker(name)
  return {
    name,
    tensors: {
      ...{ dA: f32([3, rank, i]), dB: f32([3, o, rank]), dOut: f32([3, n, o]), input: f32([n, i]) },
      ...{ a: f32([3, rank, i]), b: f32([3, o, rank]), dBias: f32([3, o]) },
      ...(masked ? { mask: mask(3 * o, i) } : {}),
    },
    run: (k, t) => {
      const [dA, dB, dOut, a, b, dBias] = [t.dA, t.dB, t.dOut, t.a, t.b, t.dBias].map((tensor) => partsOf(tensor, 3))
      const masks = masked ? partsOf(reshape(t.mask, [3, o, t.mask.shape[1]]), 3) : []
      const of = (j: number) => ({
        ...{ dA: dA[j], dB: dB[j], dOut: dOut[j], mask: masks[j] ?? null, a: a[j], b: b[j], dBias: dBias[j] },
      })
      k.lorasBackward((swapped ? [0, 2, 1] : [0, 1, 2]).map(of), t.input, 0.75)
    },
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
  ...dtypes.flatMap((dtype) => [2, 3, 4].map((count) => loraWeights(36, 72, 4, dtype, count))),
  loraWeights(36, 72, 4, 'f32', 3, false),
  loraWeights(5, 7, 2, 'f32', 3),
  lorasBackward(20, 36, 72, 4, true),
  lorasBackward(20, 36, 72, 4, false),
  lorasBackward(20, 36, 72, 4, true, true),
  lorasBackward(11, 67, 33, 3, true),
  maskOfSpecials,
]
