import assert from 'node:assert/strict'
import { Arena } from '../../../src/engine/compute/arena.ts'
import { readF32, upload, type Backend } from '../../../src/engine/compute/backend.ts'
import { openReference } from '../../support/reference/backend.ts'
import { rows, type Tensor } from '../../../src/engine/compute/tensor.ts'
import type { Linear, RowRange } from '../../../src/engine/model/module.ts'
import { maskOfZeros, type Mask } from '../../../src/engine/prune/mask.ts'
import {
  createEffectiveWeights,
  type TrainableAdapter,
  type Trained,
} from '../../../src/engine/recover/adapters/adapter.ts'
import { lowRankKind } from '../../../src/engine/recover/adapters/lowRank.ts'
import { scaleKind } from '../../../src/engine/recover/adapters/scale.ts'
import { createRng } from '../../../src/engine/rng.ts'

const [numOut, numIn, rank, tokens] = [6, 37, 3, 4]

function random(name: string, length: number): Float32Array {
  const rng = createRng(1, name)
  return Float32Array.from({ length }, () => rng.normal())
}

interface Setup {
  backend: Backend
  linear: Linear
  mask: Mask
  maskTensor: Tensor
  input: Tensor
  dOut: Tensor
  tensor: (name: string, shape: number[]) => Tensor
  zeros: (shape: number[]) => Tensor
}

function setUp(): Setup {
  const backend = openReference()
  const weight = random('weight', numOut * numIn).map((w) => (Math.abs(w) < 0.7 ? 0 : w))
  const mask = maskOfZeros(weight, numOut, numIn)
  const tensor = (name: string, shape: number[]) =>
    upload(
      backend,
      'f32',
      shape,
      random(
        name,
        shape.reduce((a, b) => a * b, 1),
      ),
    )
  return {
    backend,
    linear: { name: 'x', weight: upload(backend, 'f32', [numOut, numIn], weight), bias: null, inputKey: 'x' },
    mask,
    maskTensor: upload(backend, 'u32', [numOut, mask.words.length / numOut], mask.words),
    input: tensor('input', [tokens, numIn]),
    dOut: tensor('dOut', [tokens, numOut]),
    tensor,
    zeros: (shape) => upload(backend, 'f32', shape, new Float32Array(shape.reduce((a, b) => a * b, 1))),
  }
}

/** A and B, or u and v, with gradients of 0. */
function trainedOf({ tensor, zeros }: Setup, shapes: Readonly<Record<string, number[]>>): Trained[] {
  return Object.entries(shapes).map(([name, shape]) => ({ value: tensor(name, shape), grad: zeros(shape) }))
}
const lowRank = (s: Setup) => trainedOf(s, { a: [rank, numIn], b: [numOut, rank] })
const scales = (s: Setup) => trainedOf(s, { u: [numOut], v: [numIn] })

/** Some output features, as the head gives them to an adapter. */
function partOf(linear: Linear, { start, end }: RowRange): Linear {
  return { ...linear, weight: rows(linear.weight, start, end) }
}

/** Σ dOut ⊙ (input · W_effᵀ): a scalar whose gradient the adapter must give. */
async function objective(s: Setup, adapter: TrainableAdapter): Promise<number> {
  using arena = new Arena(s.backend)
  const out = arena.allocate([tokens, numOut])
  s.backend.kernels.linear(out, s.input, adapter.effectiveWeight(s.backend, arena, s.linear), null)
  const [y, d] = [await readF32(s.backend, out), await readF32(s.backend, s.dOut)]
  return y.reduce((sum, value, i) => sum + value * d[i], 0)
}

/** Largest difference between the adapter's gradients and central differences of the objective. */
async function gradientError(
  s: Setup,
  adapter: TrainableAdapter,
  invalidate: () => void,
  trained: readonly Trained[],
): Promise<number> {
  using arena = new Arena(s.backend)
  adapter.backward(s.backend, arena, s.linear, s.dOut, s.input)
  let worst = 0
  for (const { value: param, grad } of trained) {
    const values = await readF32(s.backend, param)
    const got = await readF32(s.backend, grad)
    for (let i = 0; i < values.length; i++) {
      const at = async (delta: number) => {
        const moved = values.slice()
        moved[i] += delta
        s.backend.write(param, moved)
        invalidate()
        return objective(s, adapter)
      }
      const numeric = ((await at(0.5)) - (await at(-0.5))) / 1
      s.backend.write(param, values)
      invalidate()
      worst = Math.max(worst, Math.abs(numeric - got[i]) / Math.max(1, Math.abs(numeric)))
    }
  }
  return worst
}

describe('adapters', () => {
  for (const masked of [true, false])
    it(`low rank ${masked ? 'under a mask' : 'without a mask'}: gradients equal central differences`, async () => {
      const s = setUp()
      const trained = lowRank(s)
      const weights = createEffectiveWeights(s.backend, 1e9)
      const adapter = lowRankKind(masked).create({ trained, mask: s.maskTensor, rank, scale: 2, weights })
      // The objective is linear in A and in B, so that any step is exact but for rounding to f32.
      assert.ok((await gradientError(s, adapter, weights.invalidate, trained)) < 1e-4)
    })

  it('scale: gradients are 1/r of the derivative, the share of one of r equal rows', async () => {
    const s = setUp()
    const [one, many] = [scales(s), scales(s)]
    const parts = { mask: null, scale: 1, weights: createEffectiveWeights(s.backend, 1e9) }
    const adapter = scaleKind.create({ ...parts, trained: one, rank: 1 })
    assert.ok((await gradientError(s, adapter, parts.weights.invalidate, one)) < 1e-5)
    const ranked = scaleKind.create({ ...parts, trained: many, rank: 16 })
    using arena = new Arena(s.backend)
    ranked.backward(s.backend, arena, s.linear, s.dOut, s.input)
    assert.deepEqual(await readF32(s.backend, many[1].grad), await readF32(s.backend, one[1].grad))
  })

  it('merging keeps pruned weights exactly 0, and MaskLoRA and ScaleLoRA merge to what they trained', async () => {
    const s = setUp()
    const weights = createEffectiveWeights(s.backend, 0)
    const parts = { mask: s.maskTensor, rank, scale: 2, weights }
    const cases = [
      { adapter: lowRankKind(true).create({ ...parts, trained: lowRank(s) }), exact: true },
      { adapter: lowRankKind(false).create({ ...parts, trained: lowRank(s) }), exact: false },
      { adapter: scaleKind.create({ ...parts, trained: scales(s) }), exact: true },
    ]
    for (const { adapter, exact } of cases) {
      using arena = new Arena(s.backend)
      const out = arena.allocate([numOut, numIn])
      adapter.merge(s.backend, s.linear, out)
      const merged = await readF32(s.backend, out)
      const trained = await readF32(s.backend, adapter.effectiveWeight(s.backend, arena, s.linear))
      const before = await readF32(s.backend, s.linear.weight)
      assert.ok(before.every((w, i) => w !== 0 || merged[i] === 0))
      if (exact) assert.deepEqual(merged, trained)
      else assert.notDeepEqual(merged, trained)
    }
  })

  it('give the same rows of weight and gradients for a range of outputs', async () => {
    const s = setUp()
    const weights = createEffectiveWeights(s.backend, 1e9)
    const of = (trained: Trained[]) =>
      lowRankKind(true).create({ trained, mask: s.maskTensor, rank, scale: 2, weights })
    const [whole, parts] = [lowRank(s), lowRank(s)]
    using arena = new Arena(s.backend)
    of(whole).backward(s.backend, arena, s.linear, s.dOut, s.input)
    const weight = await readF32(s.backend, of(whole).effectiveWeight(s.backend, arena, s.linear))
    const d = await readF32(s.backend, s.dOut)
    for (const range of [
      { start: 0, end: 4 },
      { start: 4, end: numOut },
    ]) {
      // oxfmt-ignore
      const width = range.end - range.start
      const cut = Float32Array.from(
        { length: tokens * width },
        (_, i) => d[Math.floor(i / width) * numOut + range.start + (i % width)],
      )
      const dOut = upload(s.backend, 'f32', [tokens, width], cut)
      const adapter = of(parts)
      const part = partOf(s.linear, range)
      adapter.backward(s.backend, arena, part, dOut, s.input, range)
      const piece = await readF32(s.backend, adapter.effectiveWeight(s.backend, arena, part, range))
      assert.deepEqual(piece, weight.slice(range.start * numIn, range.end * numIn))
    }
    const close = (x: Float32Array, y: Float32Array) => x.every((value, i) => Math.abs(value - y[i]) < 1e-4)
    for (const [i, { grad }] of parts.entries())
      assert.ok(close(await readF32(s.backend, grad), await readF32(s.backend, whole[i].grad)))
  })

  it('merges in f32 whatever products take, a range as the same rows of the whole', async () => {
    const s = setUp()
    const halves = { ...s.backend, precision: 'bf16' as const }
    const parts = { mask: s.maskTensor, rank, scale: 2, weights: createEffectiveWeights(halves, 1e9) }
    for (const adapter of [
      lowRankKind(false).create({ ...parts, trained: lowRank(s) }),
      scaleKind.create({ ...parts, trained: scales(s) }),
    ]) {
      using arena = new Arena(halves)
      const [whole, part] = [arena.allocate([numOut, numIn]), arena.allocate([2, numIn])]
      adapter.merge(halves, s.linear, whole)
      // Trained pieces that begin there are others.
      const [rest, range] = [
        { start: 3, end: numOut },
        { start: 3, end: 5 },
      ]
      adapter.effectiveWeight(halves, arena, partOf(s.linear, rest), rest)
      adapter.merge(halves, partOf(s.linear, range), part, range)
      assert.deepEqual(await readF32(halves, part), (await readF32(halves, whole)).slice(3 * numIn, 5 * numIn))
      const shorter = adapter.effectiveWeight(halves, arena, partOf(s.linear, range), range)
      assert.deepEqual([shorter.shape, shorter.dtype], [[2, numIn], 'bf16'])
    }
  })

  it('keeps an effective weight until the parameters change, within its bytes', async () => {
    const s = setUp()
    let formed = 0
    const form = (out: Tensor) => {
      formed++
      s.backend.kernels.fill(out, formed)
    }
    using arena = new Arena(s.backend)
    const kept = createEffectiveWeights(s.backend, 4 * 10)
    const first = kept.of(arena, 'a', [10], form)
    assert.equal(kept.of(arena, 'a', [10], form).buffer, first.buffer)
    assert.equal(formed, 1)
    kept.invalidate()
    kept.of(arena, 'a', [10], form)
    assert.equal(formed, 2)
    const beyond = kept.of(arena, 'b', [10], form)
    assert.notEqual(kept.of(arena, 'b', [10], form).buffer, beyond.buffer)
    assert.equal(formed, 4)
    kept.close()
  })

  it('forms effective weights of one shape at once and side by side, and leaves them to each where memory ends', () => {
    const s = setUp()
    let formed = 0
    const form = (outs: readonly Tensor[]) => {
      formed++
      for (const out of outs) s.backend.kernels.fill(out, formed)
    }
    using arena = new Arena(s.backend)
    const kept = createEffectiveWeights(s.backend, 4 * 25)
    const [a, b] = kept.together(['a', 'b'], [2, 5], form) ?? []
    assert.deepEqual([b.buffer, b.offset - a.offset], [a.buffer, 10])
    assert.deepEqual(kept.together(['a', 'b'], [2, 5], form), [a, b])
    const own = kept.of(arena, 'a', [2, 5], () => assert.fail('it was formed with the other'))
    assert.deepEqual([own, formed], [a, 1])
    kept.invalidate()
    kept.together(['a', 'b'], [2, 5], form)
    assert.equal(formed, 2)
    assert.equal(kept.together(['c', 'd'], [1, 5], form), null)
    assert.equal(kept.together(['b', 'c'], [2, 5], form), null)
    kept.close()
  })
})
