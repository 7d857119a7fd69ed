// The reference's backward kernels against central differences in f64 of its forward kernels: the root of all trust
// in gradients. The loss is Σ out ⊙ dOut, so its gradient is what a backward kernel returns for dOut.
import assert from 'node:assert/strict'
import type { AttentionShape } from '../../../src/engine/compute/kernels.ts'
import { openReference } from '../../support/reference/backend.ts'
import { maskWords } from '../../../src/catalog/formats/maskFile.ts'
import type { Tensor } from '../../../src/engine/compute/tensor.ts'
import { createRng } from '../../../src/engine/rng.ts'
import { activationKinds } from './cases/elementwise.ts'

const step = 1e-5

function setUp(purpose: string) {
  const backend = openReference()
  const rng = createRng(3, purpose)
  const random = (shape: number[], dtype: 'f32' = 'f32'): Tensor => {
    const tensor = backend.allocate(dtype, shape)
    const cells = backend.cells(tensor)
    for (let i = 0; i < cells.length; i++) cells[i] = rng.normal()
    return tensor
  }
  const zeros = (shape: number[]) => backend.allocate('f32', shape)
  const mask = (rows: number, columns: number): Tensor => {
    const tensor = backend.allocate('u32', [rows, maskWords(columns)])
    backend.write(
      tensor,
      Uint32Array.from({ length: tensor.length }, () => rng.below(2 ** 32)),
    )
    return tensor
  }
  const ints = (values: number[]): Tensor => {
    const tensor = backend.allocate('i32', [values.length])
    backend.write(tensor, Int32Array.from(values))
    return tensor
  }
  return { backend, k: backend.kernels, random, zeros, mask, ints, cells: backend.cells }
}

type SetUp = ReturnType<typeof setUp>

/** Σ out ⊙ dOut after `forward`. */
const lossOf =
  ({ cells }: SetUp, forward: () => void, out: Tensor, dOut: Tensor) =>
  (): number => {
    forward()
    return cells(out).reduce((sum, y, i) => sum + y * cells(dOut)[i], 0)
  }

function assertGradient({ cells }: SetUp, loss: () => number, x: Tensor, gradient: Tensor, what: string): void {
  const [values, claimed] = [cells(x), cells(gradient)]
  for (let i = 0; i < values.length; i++) {
    const kept = values[i]
    values[i] = kept + step
    const above = loss()
    values[i] = kept - step
    const below = loss()
    values[i] = kept
    const measured = (above - below) / (2 * step)
    assert.ok(
      Math.abs(claimed[i] - measured) < 1e-6 * Math.max(1, Math.abs(measured)),
      `${what}[${i}]: ${claimed[i]} claimed, ${measured} measured`,
    )
  }
}

describe('backward kernels of the reference equal central differences', () => {
  it('linear', () => {
    const s = setUp('linear')
    const [n, o, i] = [3, 4, 5]
    const [x, w, b, dOut] = [s.random([n, i]), s.random([o, i]), s.random([o]), s.random([n, o])]
    const [out, dX, dW, dB] = [s.zeros([n, o]), s.zeros([n, i]), s.zeros([o, i]), s.zeros([o])]
    const loss = lossOf(s, () => s.k.linear(out, x, w, b), out, dOut)
    s.k.linearBackwardInput(dX, dOut, w, false)
    s.k.linearBackwardWeight(dW, dOut, x)
    s.k.columnSum(dB, dOut)
    assertGradient(s, loss, x, dX, 'dInput')
    assertGradient(s, loss, w, dW, 'dWeight')
    assertGradient(s, loss, b, dB, 'dBias')
  })

  for (const masked of [true, false])
    it(`lora${masked ? ' with a mask' : ''}`, () => {
      const s = setUp('lora')
      const [n, o, i, r] = [3, 4, 5, 2]
      const [x, w, a, b, dOut] = [
        s.random([n, i]),
        s.random([o, i]),
        s.random([r, i]),
        s.random([o, r]),
        s.random([n, o]),
      ]
      const mask = masked ? s.mask(o, i) : null
      const [weff, out, dA, dB] = [s.zeros([o, i]), s.zeros([n, o]), s.zeros([r, i]), s.zeros([o, r])]
      const forward = () => {
        s.k.loraWeight(weff, w, mask, a, b, 1.5)
        s.k.linear(out, x, weff, null)
      }
      s.k.loraBackward(dA, dB, dOut, x, mask, a, b, 1.5)
      const loss = lossOf(s, forward, out, dOut)
      assertGradient(s, loss, a, dA, 'dA')
      assertGradient(s, loss, b, dB, 'dB')
    })

  it('scale', () => {
    const s = setUp('scale')
    const [n, o, i] = [3, 4, 5]
    const [x, w, row, column, dOut] = [
      s.random([n, i]),
      s.random([o, i]),
      s.random([o]),
      s.random([i]),
      s.random([n, o]),
    ]
    const [weff, out, dRow, dColumn] = [s.zeros([o, i]), s.zeros([n, o]), s.zeros([o]), s.zeros([i])]
    const forward = () => {
      s.k.scaleWeight(weff, w, row, column, 0.7)
      s.k.linear(out, x, weff, null)
    }
    s.k.scaleBackward(dRow, dColumn, dOut, x, w, row, column, 0.7)
    const loss = lossOf(s, forward, out, dOut)
    assertGradient(s, loss, row, dRow, 'dRow')
    assertGradient(s, loss, column, dColumn, 'dColumn')
  })

  it('layerNorm', () => {
    const s = setUp('layerNorm')
    const [n, c] = [3, 7]
    const [x, w, b, dOut] = [s.random([n, c]), s.random([c]), s.random([c]), s.random([n, c])]
    const [out, mean, rstd] = [s.zeros([n, c]), s.zeros([n]), s.zeros([n])]
    const [dX, dW, dB] = [s.zeros([n, c]), s.zeros([c]), s.zeros([c])]
    const loss = lossOf(s, () => s.k.layerNorm(out, mean, rstd, x, w, b, 1e-5), out, dOut)
    loss()
    s.k.layerNormBackward(dX, dW, dB, dOut, x, mean, rstd, w)
    assertGradient(s, loss, x, dX, 'dX')
    assertGradient(s, loss, w, dW, 'dWeight')
    assertGradient(s, loss, b, dB, 'dBias')
  })

  for (const offset of [0, 1])
    it(`rmsNorm with unit offset ${offset}`, () => {
      const s = setUp('rmsNorm')
      const [n, c] = [3, 7]
      const [x, w, dOut] = [s.random([n, c]), s.random([c]), s.random([n, c])]
      const [out, rstd, dX, dW] = [s.zeros([n, c]), s.zeros([n]), s.zeros([n, c]), s.zeros([c])]
      const loss = lossOf(s, () => s.k.rmsNorm(out, rstd, x, w, 1e-5, offset), out, dOut)
      loss()
      s.k.rmsNormBackward(dX, dW, dOut, x, rstd, w, offset)
      assertGradient(s, loss, x, dX, 'dX')
      assertGradient(s, loss, w, dW, 'dWeight')
    })

  it('rotary embedding', () => {
    const s = setUp('rope')
    const shape = { seqLen: 3, numHeads: 2, headDim: 6, rotaryDim: 4, inverse: false }
    const [x, cos, sin, dOut] = [s.random([6, 12]), s.random([3, 2]), s.random([3, 2]), s.random([6, 12])]
    const [out, dX] = [s.zeros([6, 12]), s.zeros([6, 12])]
    const forward = () => {
      s.cells(out).set(s.cells(x))
      s.k.rope(out, cos, sin, shape)
    }
    s.cells(dX).set(s.cells(dOut))
    s.k.rope(dX, cos, sin, { ...shape, inverse: true })
    assertGradient(s, lossOf(s, forward, out, dOut), x, dX, 'dX')
  })

  const attentionVariants: [string, Partial<AttentionShape>, boolean][] = [
    ['plain', {}, false],
    ['grouped heads', { numHeads: 4 }, false],
    ['a window', { window: 2 }, false],
    ['capped scores', { softcap: 0.9, scale: 2 }, false],
    ['padded keys', {}, true],
  ]
  for (const [title, change, padded] of attentionVariants)
    it(`attention, ${title}`, () => {
      const s = setUp('attention')
      const shape = {
        batch: 2,
        seqLen: 4,
        numHeads: 2,
        numKvHeads: 2,
        headDim: 3,
        scale: 0.6,
        window: 0,
        softcap: 0,
        ...change,
      }
      const [wide, narrow] = [shape.numHeads * 3, shape.numKvHeads * 3]
      const [q, k, v, dOut] = [s.random([8, wide]), s.random([8, narrow]), s.random([8, narrow]), s.random([8, wide])]
      const keyMask = padded ? s.ints([0, 1, 1, 1, 1, 0, 1, 1]) : null
      const [out, logSum] = [s.zeros([8, wide]), s.zeros([8, shape.numHeads])]
      const [dQ, dK, dV] = [s.zeros([8, wide]), s.zeros([8, narrow]), s.zeros([8, narrow])]
      const loss = lossOf(s, () => s.k.attention(out, logSum, q, k, v, keyMask, shape), out, dOut)
      loss()
      s.k.attentionBackward(dQ, dK, dV, dOut, out, logSum, q, k, v, keyMask, shape)
      assertGradient(s, loss, q, dQ, 'dQ')
      assertGradient(s, loss, k, dK, 'dK')
      assertGradient(s, loss, v, dV, 'dV')
    })

  for (const kind of activationKinds)
    it(`activation and gate ${kind}`, () => {
      const s = setUp(kind)
      const [x, up, dOut] = [s.random([40]), s.random([40]), s.random([40])]
      // Far out too, where clips are; random values are never within a step of a kink.
      s.cells(x).forEach((value, i, cells) => (cells[i] = 4 * value))
      const [out, dX, dGate, dUp] = [s.zeros([40]), s.zeros([40]), s.zeros([40]), s.zeros([40])]
      s.k.activationBackward(dX, dOut, x, kind)
      assertGradient(
        s,
        lossOf(s, () => s.k.activation(out, x, kind), out, dOut),
        x,
        dX,
        'dX',
      )
      s.k.gatedBackward(dGate, dUp, dOut, x, up, kind)
      const loss = lossOf(s, () => s.k.gated(out, x, up, kind), out, dOut)
      assertGradient(s, loss, x, dGate, 'dGate')
      assertGradient(s, loss, up, dUp, 'dUp')
    })

  it('gatherRows, whose backward is scatterAddRows', () => {
    const s = setUp('gather')
    const [table, dOut, rows] = [s.random([4, 3]), s.random([5, 3]), s.ints([1, 3, 1, 0, 1])]
    const [out, dTable, scale] = [s.zeros([5, 3]), s.zeros([4, 3]), s.zeros([5])]
    s.k.fill(scale, 1.3)
    s.k.scatterAddRows(dTable, dOut, rows, scale)
    assertGradient(
      s,
      lossOf(s, () => s.k.gatherRows(out, table, rows, 1.3), out, dOut),
      table,
      dTable,
      'dTable',
    )
  })

  it('cross entropy over two vocabulary chunks', () => {
    const s = setUp('cross entropy')
    const [n, width] = [4, 5]
    const [a, b, weight] = [s.random([n, width]), s.random([n, width]), s.random([n])]
    const targets = s.ints([2, 7, -1, 9])
    const [runMax, runSum, picked] = [s.zeros([n]), s.zeros([n]), s.zeros([n])]
    const loss = () => {
      s.k.fill(runMax, -Infinity)
      s.k.fill(runSum, 0)
      s.k.logSumExpChunk(runMax, runSum, picked, a, targets, 0)
      s.k.logSumExpChunk(runMax, runSum, picked, b, targets, width)
      const [max, sum, logit, w] = [runMax, runSum, picked, weight].map(s.cells)
      return [0, 1, 3].reduce((total, row) => total + w[row] * (max[row] + Math.log(sum[row]) - logit[row]), 0)
    }
    loss()
    const gradients = [a, b].map((logits, chunk) => {
      const d = s.zeros([n, width])
      s.cells(d).set(s.cells(logits))
      s.k.crossEntropyBackwardChunk(d, runMax, runSum, targets, weight, chunk * width)
      return d
    })
    assertGradient(s, loss, a, gradients[0], 'first chunk')
    assertGradient(s, loss, b, gradients[1], 'second chunk')
  })

  it("the dense model's logits and the text, over two vocabulary chunks", () => {
    const s = setUp('distillation')
    const [n, width, loss] = [4, 5, { dense: 0.3, temperature: 1.7 }]
    const [a, b, c, d, weight] = [...[0, 1, 2, 3].map(() => s.random([n, width])), s.random([n])]
    const targets = s.ints([2, 7, -1, 9])
    const [runMax, runSum, picked, divergence] = [s.zeros([n]), s.zeros([n]), s.zeros([n]), s.zeros([n, 5])]
    const lossOfRows = () => {
      s.k.fill(runMax, -Infinity)
      s.k.fill(runSum, 0)
      s.cells(divergence).set(Array.from({ length: 5 * n }, (_, i) => (i % 5 === 0 || i % 5 === 2 ? -Infinity : 0)))
      for (const [logits, dense, start] of [
        [a, c, 0],
        [b, d, width],
      ] as const) {
        s.k.logSumExpChunk(runMax, runSum, picked, logits, targets, start)
        s.k.divergenceChunk(divergence, logits, dense, loss.temperature)
      }
      const [max, sum, logit, w, of] = [runMax, runSum, picked, weight, divergence].map(s.cells)
      return [0, 1, 3].reduce((total, row) => {
        const [zMax, zSum, dMax, dSum, cross] = of.subarray(5 * row, 5 * row + 5)
        const kl = cross / dSum + zMax + Math.log(zSum) - dMax - Math.log(dSum)
        const text = max[row] + Math.log(sum[row]) - logit[row]
        return total + w[row] * ((1 - loss.dense) * text + loss.dense * loss.temperature ** 2 * kl)
      }, 0)
    }
    lossOfRows()
    const gradients = (
      [
        [a, c],
        [b, d],
      ] as const
    ).map(([logits, dense], chunk) => {
      const out = s.zeros([n, width])
      s.cells(out).set(s.cells(logits))
      s.k.distillBackwardChunk(out, dense, { runMax, runSum, divergence }, targets, weight, loss, chunk * width)
      return out
    })
    assertGradient(s, lossOfRows, a, gradients[0], 'first chunk')
    assertGradient(s, lossOfRows, b, gradients[1], 'second chunk')
  })

  it('squaredError', () => {
    const s = setUp('squared error')
    const [a, b, out, dA] = [s.random([9]), s.random([9]), s.zeros([1]), s.zeros([9])]
    const loss = () => {
      s.k.fill(out, 0)
      s.k.squaredError(out, a, b)
      return s.cells(out)[0]
    }
    s.k.squaredErrorBackward(dA, a, b, 2)
    assertGradient(s, loss, a, dA, 'dA')
  })
})
