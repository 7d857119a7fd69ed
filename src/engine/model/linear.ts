// A linear with its adapter: its forward, and those products of its backward that are wanted.
import { Arena } from '../compute/arena.ts'
import type { Backend } from '../compute/backend.ts'
import type { Activation, Slope } from '../compute/kernels.ts'
import type { Tensor } from '../compute/tensor.ts'
import { breathe } from '../breathe.ts'
import type { Grads, Linear, Step } from './module.ts'

/**
 * x [N, C] as products read it: x itself, or where products are in bf16 a rounded copy in `scope`. Linears that share an
 * input share the copy. A single row is not rounded, since its product takes only the time of reading the weights.
 */
export function productInput({ backend }: Pick<Step, 'backend'>, scope: Arena, x: Tensor): Tensor {
  if (backend.precision === 'f32' || x.dtype !== 'f32' || x.shape[0] === 1) return x
  return rounded(backend, scope, x)
}

/** The type of an activation [N, C] that only products read: bf16 where they would round it. An observer needs f32. */
export function readType({ backend, observe }: Pick<Step, 'backend' | 'observe'>, numRows: number): 'f32' | 'bf16' {
  return backend.precision === 'f32' || observe !== undefined || numRows === 1 ? 'f32' : 'bf16'
}

/** The other operand of a product with `input`: `other` itself, or its rounding to bf16 in `scope` where `input` is bf16. */
export function otherOperand({ backend }: Pick<Step, 'backend'>, scope: Arena, input: Tensor, other: Tensor): Tensor {
  const narrow = other.dtype === 'bf16' || other.dtype === 'packed'
  return input.dtype === 'bf16' && !narrow ? rounded(backend, scope, other) : other
}

function rounded(backend: Backend, scope: Arena, x: Tensor): Tensor {
  const output = scope.allocate(x.shape, 'bf16')
  backend.kernels.convert(output, x)
  return output
}

/** output[N,O] = input[N,I] · Wᵀ + bias + residual, W the adapter's effective weight where there is one. */
export function linearForward(
  step: Step,
  output: Tensor,
  linear: Linear,
  input: Tensor,
  residual: Tensor | null = null,
): Tensor {
  using scope = new Arena(step.backend)
  const x = productInput(step, scope, input)
  const weight = otherOperand(step, scope, x, effectiveWeight(step, scope, linear))
  step.backend.kernels.linear(output, x, weight, linear.bias, residual)
  return output
}

/** output[N,O] = f(input · Wᵀ + bias) ⊙ factor in one pass; false, with nothing written, where the device has no such kernel. */
export function linearActivated(
  step: Step,
  output: Tensor,
  linear: Linear,
  x: Tensor,
  kind: Activation,
  factor: Tensor | null,
): boolean {
  const { fused } = step.backend
  if (!fused) return false
  using scope = new Arena(step.backend)
  const weight = otherOperand(step, scope, x, effectiveWeight(step, scope, linear))
  return fused.linearActivated(output, x, weight, linear.bias, kind, factor)
}

/** Whether one kernel for several linears is faster than one for each: a GPU then has more work to do at once. */
export function gainsTogether({ backend }: Pick<Step, 'backend'>): boolean {
  return !backend.traits.inHostMemory && backend.precision === 'f32'
}

/** Adapters of linears that share their input, and their effective weights; null where each linear must run by itself. */
function adaptersTogether(step: Step, linears: readonly Linear[]) {
  const adapters = linears.map((linear) => step.adapterOf?.(linear) ?? null)
  const all = gainsTogether(step) ? adapters[0]?.together?.(adapters) : null
  const weights = all?.effectiveWeights(step.backend, linears)
  return all && weights ? { all, weights } : null
}

/**
 * outputs[k] = input · W_kᵀ + bias_k of linears that share their input: one kernel for a single row or for adapters that run together.
 * Otherwise the linears run one after the other, so that no two effective weights are in memory.
 */
export async function linearsForward(
  step: Step,
  outputs: readonly Tensor[],
  linears: readonly Linear[],
  input: Tensor,
): Promise<void> {
  const biases = linears.map(({ bias }) => bias)
  const together = adaptersTogether(step, linears)
  if (together) return step.backend.kernels.linears(outputs, input, together.weights, biases)
  if (input.shape[0] > 1) {
    for (const [k, linear] of linears.entries()) {
      await breathe()
      linearForward(step, outputs[k], linear, input)
    }
    return
  }
  using scope = new Arena(step.backend)
  const weights = linears.map((linear) => effectiveWeight(step, scope, linear))
  step.backend.kernels.linears(outputs, input, weights, biases)
}

/** output = f(gate(input)) ⊙ up(input) of one row; `factors` are scratch tensors for the two factors. */
export function gatedForward(
  step: Step,
  output: Tensor,
  factors: readonly Tensor[],
  linears: readonly Linear[],
  input: Tensor,
  kind: Activation,
): void {
  using scope = new Arena(step.backend)
  const weights = linears.map((linear) => effectiveWeight(step, scope, linear))
  const biases = linears.map(({ bias }) => bias)
  step.backend.kernels.gatedLinears(output, factors, input, weights, biases, kind)
}

/**
 * dInput = dOutput · W, times the activation's slope where given, += when `accumulate`; a null dInput is not computed. Adds the gradients
 * that `grads` and the adapter want: dW[O,I] += dOutputᵀ · input, dBias[O] += Σ_n dOutput. A frozen weight's gradient is never formed.
 */
export function linearBackward(
  step: Step,
  linear: Linear,
  input: Tensor,
  dOutput: Tensor,
  grads: Grads,
  dInput: Tensor | null,
  accumulate = false,
  slope: Slope | null = null,
): void {
  const { kernels } = step.backend
  using scope = new Arena(step.backend)
  const dBias = linear.bias && grads.of(`${linear.name}.bias`)
  const dWeight = grads.of(`${linear.name}.weight`)
  const adapter = step.adapterOf?.(linear)
  // In f32 the adapter's kernel sums dBias too. In bf16 it reads a rounded dOutput, so dBias is summed here.
  const sumsInAdapter = adapter && step.backend.precision === 'f32'
  if (dBias && !sumsInAdapter) kernels.columnSum(dBias, dOutput)
  if (!dWeight && !adapter && !dInput) return
  const d = productInput(step, scope, dOutput)
  if (dWeight || adapter) {
    using inner = new Arena(step.backend)
    const x = productInput(step, inner, input)
    if (dWeight) kernels.linearBackwardWeight(dWeight, d, x)
    adapter?.backward(step.backend, inner, linear, d, x, undefined, sumsInAdapter ? dBias : null)
  }
  if (!dInput) return
  const weight = otherOperand(step, scope, d, effectiveWeight(step, scope, linear))
  kernels.linearBackwardInput(dInput, d, weight, accumulate, slope)
}

/** `linearBackward` of linears that share their input; dInput is the sum over all of them. */
export function linearsBackward(
  step: Step,
  linears: readonly Linear[],
  input: Tensor,
  dOutputs: readonly Tensor[],
  grads: Grads,
  dInput: Tensor | null,
): void {
  const isFrozen = linears.every(({ name }) => !grads.of(`${name}.weight`))
  const together = isFrozen ? adaptersTogether(step, linears) : null
  if (!together)
    return linears.forEach((linear, k) => linearBackward(step, linear, input, dOutputs[k], grads, dInput, k > 0))
  const dBiases = linears.map(({ name, bias }) => bias && grads.of(`${name}.bias`))
  together.all.backward(step.backend, dOutputs, input, dBiases)
  if (dInput) step.backend.kernels.linearsBackwardInput(dInput, dOutputs, together.weights)
}

/** The adapter's effective weight, in `scope` or in memory of the adapter's own; without an adapter, the linear's weight. */
function effectiveWeight(step: Step, scope: Arena, linear: Linear): Tensor {
  return step.adapterOf?.(linear)?.effectiveWeight(step.backend, scope, linear) ?? linear.weight
}
