// Elementwise operations.
import { bytesPerElement, f32ToBf16, f32ToF16 } from '../../../dtype.ts'
import type { Activation, Kernels } from '../../kernels.ts'
import type { Runner } from '../pool.ts'
import { packedRows } from '../matmul.ts'
import { codeOf, weightCodeOf } from './products.ts'
import { addresses, byColumns, byElements, byRows } from './splits.ts'

type Elementwise = Pick<
  Kernels,
  'activation' | 'activationBackward' | 'gated' | 'gatedBackward' | 'add' | 'addScaled' | 'fill' | 'convert'
>

/** The numbers are those of assembly/activations.ts. */
const kinds: Record<Activation, number> = {
  relu: 0,
  relu6: 1,
  relu2: 2,
  leakyRelu: 3,
  gelu: 4,
  gelu10: 5,
  geluTanh: 6,
  quickGelu: 7,
  silu: 8,
  sigmoid: 9,
  tanh: 10,
  linear: 11,
}

export function elementwise(pool: Runner): Elementwise {
  const at = addresses(pool)
  return {
    activation(out, x, kind) {
      pool.run('activation', byElements(x.length), [at(out), at(x), kinds[kind], codeOf(out)])
    },
    activationBackward(dX, dOut, x, kind) {
      pool.run('activationBackward', byElements(x.length), [at(dX), at(dOut), at(x), kinds[kind]])
    },
    gated(out, gate, up, kind) {
      pool.run('gated', byElements(out.length), [at(out), at(gate), at(up), kinds[kind], codeOf(out)])
    },
    gatedBackward(dGate, dUp, dOut, gate, up, kind) {
      const args = [at(dGate), at(dUp), at(dOut), at(gate), at(up), kinds[kind]]
      pool.run('gatedBackward', byElements(dOut.length), args)
    },
    add(out, a, b) {
      pool.run('add', byElements(out.length), [at(out), at(a), at(b)])
    },
    addScaled(out, x, alpha) {
      pool.run('addScaled', byElements(out.length), [at(out), at(x), alpha])
    },
    fill(x, value) {
      const split = byElements(x.length)
      if (x.dtype === 'f32') pool.run('fill', split, [at(x), value])
      else if (x.dtype === 'bf16') pool.run('fillHalves', split, [at(x), f32ToBf16(value)])
      else if (x.dtype === 'f16') pool.run('fillHalves', split, [at(x), f32ToF16(value)])
      else pool.run('fillWords', split, [at(x), value])
    },
    convert(out, x) {
      pool.run('convert', byElements(x.length), [at(out), codeOf(out), at(x), codeOf(x)])
    },
  }
}

// Norms and rotary positions. Parameter gradients are a second pass, split by columns, so that chunks need no partial sums.
type Norms = Pick<Kernels, 'layerNorm' | 'layerNormBackward' | 'rmsNorm' | 'rmsNormBackward' | 'rope'>

export function norms(pool: Runner): Norms {
  const at = addresses(pool)
  return {
    layerNorm(out, mean, rstd, x, weight, bias, eps) {
      const n = rstd.length
      const c = x.length / n
      const args = [at(out), at(mean), at(rstd), at(x), at(weight), at(bias), c, eps, codeOf(out)]
      pool.run('layerNorm', byRows(n, c), args)
    },
    layerNormBackward(dX, dWeight, dBias, dOut, x, mean, rstd, weight) {
      const n = rstd.length
      const c = x.length / n
      if (dWeight || dBias)
        pool.run('normGradients', byColumns(c, n), [at(dWeight), at(dBias), at(dOut), at(x), at(mean), at(rstd), n, c])
      pool.run('layerNormBackward', byRows(n, c), [at(dX), at(dOut), at(x), at(mean), at(rstd), at(weight), c])
    },
    rmsNorm(out, rstd, x, weight, eps, unitOffset) {
      const n = rstd.length
      const c = x.length / n
      pool.run('rmsNorm', byRows(n, c), [at(out), at(rstd), at(x), at(weight), c, eps, unitOffset, codeOf(out)])
    },
    rmsNormBackward(dX, dWeight, dOut, x, rstd, weight, unitOffset) {
      const n = rstd.length
      const c = x.length / n
      if (dWeight) pool.run('normGradients', byColumns(c, n), [at(dWeight), 0, at(dOut), at(x), 0, at(rstd), n, c])
      pool.run('rmsNormBackward', byRows(n, c), [at(dX), at(dOut), at(x), at(rstd), at(weight), c, unitOffset])
    },
    rope(x, cos, sin, { seqLen, numHeads, headDim, rotaryDim, inverse }) {
      const width = numHeads * headDim
      const args = [at(x), at(cos), at(sin), seqLen, numHeads, headDim, rotaryDim, inverse ? -1 : 1]
      pool.run('rope', byRows(x.length / width, width), args)
    },
  }
}

// Rows and columns: sums, gathers, copies.
type Rows = Pick<Kernels, 'columnSum' | 'columnSquares' | 'gatherRows' | 'scatterAddRows' | 'rowDot' | 'copy'>

export function rowOps(pool: Runner): Rows {
  const at = addresses(pool)
  return {
    columnSum(out, x) {
      const n = x.length / out.length
      pool.run('columnSum', byColumns(out.length, n), [at(out), at(x), n, out.length])
    },
    columnSquares(out, x) {
      const n = x.length / out.length
      pool.run('columnSquares', byColumns(out.length, n), [at(out), at(x), n, out.length])
    },
    gatherRows(out, table, rows, scale, firstRow = 0) {
      const c = out.length / rows.length
      const args = [at(out), at(table), weightCodeOf(table), at(rows), scale, c, firstRow, table.length / c]
      const stageBytes = table.dtype === 'packed' ? 2 * (packedRows + 4) * c : 0
      pool.run('gather', { ...byRows(rows.length, c), stageBytes }, args)
    },
    // Split by columns, since rows may repeat.
    scatterAddRows(out, x, rows, rowScale) {
      const m = rows.length
      const c = x.length / m
      pool.run('scatterAdd', byColumns(c, m), [at(out), at(x), at(rows), at(rowScale), m, c])
    },
    rowDot(out, a, b) {
      const c = a.length / out.length
      pool.run('rowDot', byRows(out.length, c), [at(out), at(a), at(b), c])
    },
    copy(out, input, h) {
      pool.run('copyStrided', byRows(h.rows, h.groups * h.width), [
        ...[at(out), at(input), h.groups, h.width, h.outRow, h.outGroup, h.outOffset],
        ...[h.inRow, h.inGroup, h.inOffset, bytesPerElement[out.dtype]],
      ])
    },
  }
}
