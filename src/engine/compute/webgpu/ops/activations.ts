// Activations, gated activations and their derivatives. One shader each; the kind is a parameter.
import type { Activation, Kernels } from '../../kernels.ts'
import type { Tensor } from '../../tensor.ts'
import { type Gpu, perElement, runElements, type Tensors, type Variant } from '../shader.ts'

/** f and f′ in WGSL; f′ may have statements before it. relu and its variants use `select`, because `max` need not preserve NaN. */
const functions: Readonly<Record<Activation, readonly [value: string, slope: string]>> = {
  relu: ['select(x, 0.0, x <= 0.0)', 'select(0.0, 1.0, x > 0.0)'],
  relu6: ['select(select(x, 6.0, x > 6.0), 0.0, x <= 0.0)', 'select(0.0, 1.0, x > 0.0 && x < 6.0)'],
  relu2: ['select(x * x, 0.0, x <= 0.0)', '2.0 * max(0.0, x)'],
  leakyRelu: ['select(0.01 * x, x, x > 0.0)', 'select(0.01, 1.0, x > 0.0)'],
  gelu: ['x * normalCdf(x)', 'normalCdf(x) + x * normalPdf(x)'],
  gelu10: [
    'clamp(x * normalCdf(x), -10.0, 10.0)',
    'let cdf = normalCdf(x); return select(0.0, cdf + x * normalPdf(x), abs(x * cdf) < 10.0)',
  ],
  geluTanh: [
    '0.5 * x * (1.0 + tanhSafe(c * (x + cubic * x * x * x)))',
    'let t = tanhSafe(c * (x + cubic * x * x * x)); return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * c * (1.0 + 3.0 * cubic * x * x)',
  ],
  quickGelu: ['x * sigmoid(1.702 * x)', 'let s = sigmoid(1.702 * x); return s * (1.0 + 1.702 * x * (1.0 - s))'],
  silu: ['x * sigmoid(x)', 'let s = sigmoid(x); return s * (1.0 + x * (1.0 - s))'],
  sigmoid: ['sigmoid(x)', 'let s = sigmoid(x); return s * (1.0 - s)'],
  tanh: ['tanhSafe(x)', 'let t = tanhSafe(x); return 1.0 - t * t'],
  linear: ['x', '1.0'],
}
const kinds = Object.keys(functions)

/** Its number in shaders. */
export const kindOf = (kind: Activation) => kinds.indexOf(kind)

const switchOf = (bodies: readonly string[]) =>
  bodies
    .map((body, kind) => {
      const label = kind < bodies.length - 1 ? `case ${kind}` : 'default'
      return `    ${label} { ${body.includes('return') ? body : `return ${body}`}; }`
    })
    .join('\n')

/** WGSL. */
export const tanhSafe = /* wgsl */ `
// tanh of some drivers overflows for large arguments; past 10 it is 1 in f32 anyway.
fn tanhSafe(x: f32) -> f32 {
  return tanh(clamp(x, -10.0, 10.0));
}
`

/** WGSL: `value` and `slope`, f and f′ of the kind p.kind. */
export const activationFunctions = /* wgsl */ `
${tanhSafe}

fn sigmoid(x: f32) -> f32 {
  return 1.0 / (1.0 + exp(-clamp(x, -80.0, 80.0)));
}

// Least-squares fits of erf(x)/x in x² on [0, 1] and of erfc(x)·exp(x²)/t in t = 1/(1 + x/2) on [1, 4.2]:
// relative errors 1.3e-9 and 8.5e-9, below f32's own.
fn normalCdf(v: f32) -> f32 {
  let x = abs(v) * 0.70710678118654752;
  if (x < 1.0) {
    let s = x * x;
    let p = 1.12837917 + s * (-0.376126288 + s * (0.11283612 + s * (-0.0268547921 + s * (0.00519002554 + s * (-0.000802412485 + s * 7.89749062e-05)))));
    return 0.5 + 0.5 * sign(v) * x * p;
  }
  let t = 1.0 / (1.0 + 0.5 * x);
  let q = 0.28255296 + t * (0.274997546 + t * (0.293208978 + t * (0.0119418522 + t * (0.418080175 + t * (-0.370914967 + t * 0.0899666317)))));
  let tail = 0.5 * t * q * exp(-min(x * x, 80.0));
  return select(1.0 - tail, tail, v < 0.0);
}

fn normalPdf(x: f32) -> f32 {
  return 0.39894228040143268 * exp(-min(0.5 * x * x, 80.0));
}

const c = 0.79788456080286536; // sqrt(2/π)
const cubic = 0.044715;

fn value(x: f32) -> f32 {
  switch p.kind {
${switchOf(Object.values(functions).map(([value]) => value))}
  }
}

fn slope(x: f32) -> f32 {
  switch p.kind {
${switchOf(Object.values(functions).map(([, slope]) => slope))}
  }
}
`

const ofKind = (name: string, tensors: Tensors, body: string) =>
  perElement(name, tensors, { kind: 'u32' }, body, activationFunctions)

const forward = ofKind('activation', { y: 'rw f32', x: 'f32' }, 'y[p.yAt + i] = value(x[p.xAt + i]);')

const backward = ofKind(
  'activationBackward',
  { dX: 'rw f32', dOut: 'f32', x: 'f32' },
  'dX[p.dXAt + i] = dOut[p.dOutAt + i] * slope(x[p.xAt + i]);',
)

const gate = ofKind(
  'gated',
  { y: 'rw f32', gate: 'f32', up: 'f32' },
  'y[p.yAt + i] = value(gate[p.gateAt + i]) * up[p.upAt + i];',
)

const gateBackward = ofKind(
  'gatedBackward',
  { dGate: 'rw f32', dUp: 'rw f32', dOut: 'f32', gate: 'f32', up: 'f32' },
  /* wgsl */ `
  let g = dOut[p.dOutAt + i];
  let x = gate[p.gateAt + i];
  dGate[p.dGateAt + i] = g * up[p.upAt + i] * slope(x);
  dUp[p.dUpAt + i] = g * value(x);`,
)

export function activations(gpu: Gpu) {
  const run = (of: Variant, tensors: readonly Tensor[], kind: Activation) =>
    runElements(gpu, of, tensors, [kindOf(kind)])
  return {
    activation: (out, x, kind) => run(forward, [out, x], kind),
    activationBackward: (dX, dOut, x, kind) => run(backward, [dX, dOut, x], kind),
    gated: (out, gateValues, up, kind) => run(gate, [out, gateValues, up], kind),
    gatedBackward: (dGate, dUp, dOut, x, up, kind) => run(gateBackward, [dGate, dUp, dOut, x, up], kind),
  } satisfies Partial<Kernels>
}
