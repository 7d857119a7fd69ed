// The MLP of a block or of one expert: up only, or gated with gate and up in two linears or in one.
import type { Arena } from '../compute/arena.ts'
import type { Activation, CopyShape } from '../compute/kernels.ts'
import type { Tensor } from '../compute/tensor.ts'
import { breathe } from '../breathe.ts'
import {
  gatedForward,
  linearActivated,
  linearBackward,
  linearForward,
  linearsForward,
  productInput,
  readType,
} from './linear.ts'
import { reversed, type Grads, type Linear, type Step } from './module.ts'
import type { Pass } from './pass.ts'

export interface MlpWeights {
  /** dense: up. gated: gate, up. gatedFused: both in one. */
  readonly kind: 'dense' | 'gated' | 'gatedFused'
  readonly inputs: readonly Linear[]
  readonly down: Linear
  readonly activation: Activation
}

export interface MlpSaved {
  /** The input as the first linears read it. */
  readonly x: Tensor
  /** [N, I] before the activation; null for a dense MLP. */
  readonly gate: Tensor | null
  readonly up: Tensor
  /** [N, I], as `down` reads it. */
  readonly inner: Tensor
}

/** output[N,C] = down(f(up(x))), or down(f(gate(x)) ⊙ up(x)), with `residual` added where given. */
export async function mlpForward(
  pass: Pass,
  weights: MlpWeights,
  x: Tensor,
  output: Tensor,
  residual: Tensor | null = null,
): Promise<MlpSaved> {
  const { step, scope } = pass
  const { kernels } = step.backend
  const input = productInput(step, scope, x)
  const width = weights.down.weight.shape[1]
  const inner = scope.allocate([x.shape[0], width], readType(step, x.shape[0]))
  const { gate, up } = await project(pass, weights, input, inner)
  if (input !== x) pass.drop(input)
  if (gate) kernels.gated(inner, gate, up, weights.activation)
  else if (up !== inner) kernels.activation(inner, up, weights.activation)
  if (gate) pass.drop(gate)
  if (up !== inner) pass.drop(up)
  await breathe()
  step.observe?.([weights.down], inner)
  const innerInput = productInput(step, scope, inner)
  if (innerInput !== inner) scope.release(inner)
  linearForward(step, output, weights.down, innerInput, residual)
  pass.drop(innerInput)
  return { x: input, gate, up, inner: innerInput }
}

/** dX is written when wanted. */
export async function mlpBackward(
  step: Step,
  scope: Arena,
  weights: MlpWeights,
  { x, gate, up, inner }: MlpSaved,
  dOutput: Tensor,
  grads: Grads,
  dX: Tensor | null,
): Promise<void> {
  const { kernels } = step.backend
  const dInner = scope.allocate(up.shape)
  const slope = gate ? null : { x: up, kind: weights.activation }
  linearBackward(step, weights.down, inner, dOutput, grads, dInner, false, slope)
  await breathe()
  if (!gate) {
    linearBackward(step, weights.inputs[0], x, dInner, grads, dX)
    scope.release(dInner)
    return
  }
  const [dGate, dUp] = [scope.allocate(gate.shape), scope.allocate(up.shape)]
  kernels.gatedBackward(dGate, dUp, dInner, gate, up, weights.activation)
  scope.release(dInner)
  if (weights.kind === 'gated') {
    linearBackward(step, weights.inputs[0], x, dGate, grads, dX)
    await breathe()
    linearBackward(step, weights.inputs[1], x, dUp, grads, dX, true)
  } else {
    const [numRows, width] = up.shape
    const dFused = scope.allocate([numRows, 2 * width])
    ;[dGate, dUp].forEach((d, i) => kernels.copy(dFused, d, reversed(halfOf(numRows, width, i))))
    linearBackward(step, weights.inputs[0], x, dFused, grads, dX)
    scope.release(dFused)
  }
  scope.release(dGate)
  scope.release(dUp)
}

/**
 * The factors from which `inner` is computed. Where no backward reads the factors and the device applies the activation within the
 * product, `inner` itself is written and returned as `up`.
 */
async function project(
  pass: Pass,
  weights: MlpWeights,
  x: Tensor,
  inner: Tensor,
): Promise<Pick<MlpSaved, 'gate' | 'up'>> {
  const { step, scope } = pass
  const numRows = x.shape[0]
  const allocate = (linear: Linear) => scope.allocate([numRows, linear.weight.shape[0]])
  const [first, second] = weights.inputs
  const activatesFirst = (factor: Tensor | null) =>
    !pass.saves && numRows > 1 && linearActivated(step, inner, first, x, weights.activation, factor)
  switch (weights.kind) {
    case 'dense':
      if (activatesFirst(null)) return { gate: null, up: inner }
      return { gate: null, up: linearForward(step, allocate(first), first, x) }
    case 'gated': {
      const up = allocate(second)
      if (numRows > 1) {
        linearForward(step, up, second, x)
        await breathe()
        if (activatesFirst(up)) {
          scope.release(up)
          return { gate: null, up: inner }
        }
        return { gate: linearForward(step, allocate(first), first, x), up }
      }
      const gate = allocate(first)
      if (pass.saves) {
        await linearsForward(step, [gate, up], [first, second], x)
        return { gate, up }
      }
      gatedForward(step, inner, [gate, up], [first, second], x, weights.activation)
      scope.release(gate)
      scope.release(up)
      return { gate: null, up: inner }
    }
    case 'gatedFused': {
      const fused = linearForward(step, allocate(first), first, x)
      const width = fused.shape[1] / 2
      const [gate, up] = [0, 1].map((half) => {
        const part = scope.allocate([numRows, width])
        step.backend.kernels.copy(part, fused, halfOf(numRows, width, half))
        return part
      })
      scope.release(fused)
      return { gate, up }
    }
  }
}

/** Half 0 or 1 of [N, 2·width] as [N, width]. */
function halfOf(numRows: number, width: number, half: number): CopyShape {
  const flat = { rows: numRows, groups: 1, width, outGroup: 0, inGroup: 0 }
  return { ...flat, outRow: width, outOffset: 0, inRow: 2 * width, inOffset: half * width }
}
