// Operations on matching elements of f32 tensors.
import type { Kernels } from '../../kernels.ts'
import { f32, type Gpu, perElement, rowWindows, runEach, runElements } from '../shader.ts'

const add = perElement('add', { y: 'rw f32', a: 'f32', b: 'f32' }, {}, 'y[p.yAt + i] = a[p.aAt + i] + b[p.bAt + i];')

const addScaled = perElement(
  'addScaled',
  { y: 'rw f32', x: 'f32' },
  { alpha: 'f32' },
  'y[p.yAt + i] += p.alpha * x[p.xAt + i];',
)

const scaledDifference = perElement(
  'scaledDifference',
  { y: 'rw f32', a: 'f32', b: 'f32' },
  { factor: 'f32' },
  'y[p.yAt + i] = p.factor * (a[p.aAt + i] - b[p.bAt + i]);',
)

/** The corrections 1/(1 − βᵗ) are taken in f64 on the host. */
const adamw = perElement(
  'adamw',
  { param: 'rw f32', grad: 'f32', m: 'rw f32', v: 'rw f32' },
  {
    ...{ lr: 'f32', beta1: 'f32', oneMinusBeta1: 'f32', beta2: 'f32', oneMinusBeta2: 'f32', eps: 'f32' },
    ...{ decay: 'f32', gradScale: 'f32', correction1: 'f32', correction2: 'f32' },
  },
  /* wgsl */ `
  let d = grad[p.gradAt + i] * p.gradScale;
  let first = p.beta1 * m[p.mAt + i] + p.oneMinusBeta1 * d;
  let second = p.beta2 * v[p.vAt + i] + p.oneMinusBeta2 * d * d;
  m[p.mAt + i] = first;
  v[p.vAt + i] = second;
  let old = param[p.paramAt + i];
  let step = first * p.correction1 / (sqrt(second * p.correction2) + p.eps);
  param[p.paramAt + i] = old - p.lr * (p.decay * old + step);`,
)

/** Rotary positions, in place: one invocation for each pair of channels. */
const turn = perElement(
  'rope',
  { x: 'rw f32', cosines: 'f32', sines: 'f32' },
  { firstRow: 'u32', seqLen: 'u32', numHeads: 'u32', headDim: 'u32', pairs: 'u32', direction: 'f32' },
  /* wgsl */ `
  let pair = i % p.pairs;
  let head = i / p.pairs; // over all rows
  let t = (p.firstRow + head / p.numHeads) % p.seqLen;
  let low = p.xAt + head * p.headDim + pair;
  let high = low + p.pairs;
  let c = cosines[p.cosinesAt + t * p.pairs + pair];
  let s = p.direction * sines[p.sinesAt + t * p.pairs + pair];
  let a = x[low];
  let b = x[high];
  x[low] = a * c - b * s;
  x[high] = b * c + a * s;`,
)

export function elementwise(gpu: Gpu) {
  return {
    add: (out, a, b) => runElements(gpu, add, [out, a, b]),
    addScaled: (out, x, alpha) => runElements(gpu, addScaled, [out, x], [f32(alpha)]),
    squaredErrorBackward: (dA, a, b, factor) => runElements(gpu, scaledDifference, [dA, a, b], [f32(factor)]),
    adamw: (param, grad, m, v, { lr, beta1, beta2, eps, weightDecay, step, gradScale }) =>
      runElements(
        gpu,
        adamw,
        [param, grad, m, v],
        [
          ...[lr, beta1, 1 - beta1, beta2, 1 - beta2, eps, weightDecay, gradScale],
          ...[1 / (1 - beta1 ** step), 1 / (1 - beta2 ** step)],
        ].map(f32),
      ),
    rope(x, cos, sin, { seqLen, numHeads, headDim, rotaryDim, inverse }) {
      const width = numHeads * headDim
      const pairs = rotaryDim / 2
      for (const { start, count, cut } of rowWindows(gpu, x.length / width, width)) {
        const params = [start, seqLen, numHeads, headDim, pairs, f32(inverse ? -1 : 1)]
        runEach(gpu, turn, count * numHeads * pairs, [cut(x), cos, sin], params)
      }
    },
  } satisfies Partial<Kernels>
}
