// Attention forward and backward: grouped heads, windows, padded keys, sizes around the tiles.
import { runCaseSync } from './forward.ts'
import type { AttentionShape } from '../../../../src/engine/compute/kernels.ts'
import { garbage, maker, type HostTensor, type OpCase, type Tolerance } from './opCase.ts'

const exact: Tolerance = { ofMax: 1e-5, absolute: 1e-6 }
/** Tolerance where probabilities and gradients are rounded to bf16 for their products. */
const rounded: Tolerance = { ofMax: 2 ** -7, absolute: 1e-6 }

interface Variant {
  readonly shape: AttentionShape
  readonly padded: boolean
  /** Type of q, k and v. */
  readonly operand?: 'bf16'
}

const variant = (
  [batch, seqLen, numHeads, numKvHeads, headDim]: [number, number, number, number, number],
  { window = 0, padded = false, scale = headDim ** -0.5, softcap = 0 } = {},
): Variant => ({ shape: { batch, seqLen, numHeads, numKvHeads, headDim, scale, window, softcap }, padded })

const variants: Variant[] = [
  variant([1, 1, 1, 1, 1]),
  variant([2, 7, 3, 3, 5]),
  variant([1, 67, 2, 2, 16]),
  variant([1, 200, 2, 1, 12]),
  variant([2, 19, 4, 2, 8], { padded: true }),
  variant([1, 33, 6, 1, 4], { padded: true, scale: 1 }),
  variant([1, 150, 2, 2, 8], { window: 5 }),
  variant([2, 70, 4, 2, 8], { window: 64, padded: true }),
  variant([1, 9, 2, 2, 3], { window: 1 }),
  variant([2, 19, 4, 2, 8], { softcap: 1.5 }),
  variant([1, 150, 2, 1, 5], { softcap: 0.7, window: 9, padded: true, scale: 1 }),
]

const toleranceOf = ({ operand }: Variant) => (operand ? rounded : exact)

const title = ({ shape: s, padded, operand }: Variant) =>
  `${operand ? 'of bf16 ' : ''}${s.batch}×${s.seqLen}, ${s.numHeads}/${s.numKvHeads} heads of ${s.headDim}` +
  `${s.window ? `, window ${s.window}` : ''}${s.softcap ? `, cap ${s.softcap}` : ''}${padded ? ', padded' : ''}`

function inputs(name: string, { shape: s, padded, operand }: Variant): Record<string, HostTensor> {
  const { f32, weight, rng } = maker(name)
  const make = (shape: number[]) => (operand ? weight(operand, shape) : f32(shape))
  const tokens = s.batch * s.seqLen
  const q = make([tokens, s.numHeads * s.headDim])
  const k = make([tokens, s.numKvHeads * s.headDim])
  const v = make([tokens, s.numKvHeads * s.headDim])
  if (!padded) return { q, k, v }
  // Some keys hidden, among them the first: the first queries of a row see nothing.
  const data = Int32Array.from({ length: tokens }, (_, n) => (n % s.seqLen === 0 || rng.uniform() < 0.3 ? 0 : 1))
  return { q, k, v, keyMask: { dtype: 'i32', shape: [s.batch, s.seqLen], data } }
}

const forward = (v: Variant): OpCase => {
  const name = `attention ${title(v)}`
  const { batch, seqLen, numHeads, headDim } = v.shape
  const tokens = batch * seqLen
  return {
    name,
    tensors: { out: garbage([tokens, numHeads * headDim]), logSum: garbage([tokens, numHeads]), ...inputs(name, v) },
    run: (k, t) => k.attention(t.out, t.logSum, t.q, t.k, t.v, t.keyMask ?? null, v.shape),
    outputs: ['out', 'logSum'],
    tolerance: toleranceOf(v),
  }
}

const backward = (v: Variant): OpCase => {
  const base = forward(v)
  const name = `attentionBackward ${title(v)}`
  const { f32 } = maker(name)
  const saved = runCaseSync(base)
  const like = ({ shape }: HostTensor) => garbage(shape)
  const { q, k, v: values, keyMask, out, logSum } = base.tensors
  return {
    name,
    tensors: {
      ...{ dQ: like(q), dK: like(k), dV: like(values), dOut: f32(out.shape) },
      ...{ out: { ...out, data: saved.out }, logSum: { ...logSum, data: saved.logSum } },
      ...{ q, k, v: values, ...(keyMask ? { keyMask } : {}) },
    },
    run: (kernels, t) =>
      kernels.attentionBackward(
        ...([t.dQ, t.dK, t.dV, t.dOut, t.out, t.logSum] as const),
        ...([t.q, t.k, t.v, t.keyMask ?? null, v.shape] as const),
      ),
    outputs: ['dQ', 'dK', 'dV'],
    tolerance: toleranceOf(v),
  }
}

/** One query after the others, the cache longer than what is seen of it. */
const step = (
  length: number,
  numHeads: number,
  numKvHeads: number,
  headDim: number,
  window = 0,
  softcap = 0,
  rotaryDim = 0,
): OpCase => {
  const name = `attentionStep at ${length}, ${numHeads}/${numKvHeads} heads of ${headDim}${window ? `, window ${window}` : ''}${softcap ? `, cap ${softcap}` : ''}${rotaryDim ? `, ${rotaryDim} of them turned` : ''}`
  const { f32 } = maker(name)
  const shape = { length, numHeads, numKvHeads, headDim, scale: headDim ** -0.5, window, softcap }
  const cache = () => f32([length + 3, numKvHeads * headDim])
  const row = () => f32([1, numKvHeads * headDim])
  return {
    name,
    tensors: {
      ...{ out: garbage([1, numHeads * headDim]), q: f32([1, numHeads * headDim]), k: row(), v: row() },
      ...{ keys: cache(), values: cache() },
      ...(rotaryDim > 0 ? { tables: f32([2, rotaryDim / 2]) } : {}),
    },
    run: (k, t) =>
      k.attentionStep(
        ...([t.out, t.q, t.k, t.v, t.keys, t.values, shape] as const),
        t.tables ? { tables: t.tables, rotaryDim } : null,
      ),
    outputs: ['out', 'keys', 'values'],
    used: rotaryDim > 0 ? ['q', 'k'] : [],
    tolerance: exact,
  }
}

const steps = [
  step(1, 1, 1, 1),
  step(7, 3, 3, 5),
  step(200, 4, 2, 12),
  step(70, 6, 1, 64, 5),
  step(9, 2, 2, 16, 64),
  step(23, 4, 2, 8, 0, 0.8),
  step(23, 4, 2, 8, 0, 0, 8),
  step(1, 2, 1, 320, 0, 0, 12),
]

export const attentionCases: OpCase[] = [...steps, ...variants.map(forward), ...variants.map(backward)]

/** The same into bf16. */
function narrowed(c: OpCase): OpCase {
  const out: HostTensor = { ...c.tensors.out, dtype: 'bf16', data: new Uint16Array(c.tensors.out.data.length) }
  return { ...c, name: `${c.name}, into bf16`, tensors: { ...c.tensors, out }, tolerance: rounded }
}

/** Cases for devices that have products of bf16. */
export const bf16AttentionCases: OpCase[] = variants
  .map((one): Variant => ({ ...one, operand: 'bf16' }))
  .flatMap((one) => [forward(one), narrowed(forward(one)), backward(one)])
