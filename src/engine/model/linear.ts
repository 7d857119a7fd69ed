// A linear with its adapter: its forward, and those products of its backward that are wanted.
import { Arena } from '../compute/arena.ts'
import type { Backend } from '../compute/backend.ts'
import type { Activation, Slope } from '../compute/kernels.ts'
import type { Tensor } from '../compute/tensor.ts'
import { breathe } from '../breathe.ts'
import type { Grads, Linear, Step } from './module.ts'

/**
 * x [N, C] as products read it: x itself, or where they are computed in bf16 its rounding, in `scope`. Linears that share
 * an input share it. One row stays as it is: reading the weights is all of its work.
 */
export function productInput({ backend }: Pick<Step, 'backend'>, scope: Arena, x: Tensor): Tensor {
  if (backend.precision === 'f32' || x.dtype !== 'f32' || x.shape[0] === 1) return x
  return rounded(backend, scope, x)
}

/** The type of [N, C] that only products read: their rounding is then written at once. Whoever observes it sees f32. */
export function readType({ backend, observe }: Pick<Step, 'backend' | 'observe'>, numRows: number): 'f32' | 'bf16' {
  return backend.precision === 'f32' || observe !== undefined || numRows === 1 ? 'f32' : 'bf16'
}

/** The other operand of a product with `input`: itself, or rounded to bf16 in `scope` where `input` is. */
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

/** Whether kernels of several linears take less time than as many kernels: a GPU then has more to do at once. */
export function gainsTogether({ backend }: Pick<Step, 'backend'>): boolean {
  return !backend.traits.inHostMemory && backend.precision === 'f32'
}

/** Adapters of linears that share their input, with effective weights that are kept; null where each is done by itself. */
function adaptersTogether(step: Step, linears: readonly Linear[]) {
  const adapters = linears.map((linear) => step.adapterOf?.(linear) ?? null)
  const all = gainsTogether(step) ? adapters[0]?.together?.(adapters) : null
  const weights = all?.effectiveWeights(step.backend, linears)
  return all && weights ? { all, weights } : null
}

/**
 * outputs[k] = input · W_kᵀ + bias_k of linears that share their input: of one row, and of adapters that go together, as one kernel, else
 * one after the other, so that no two effective weights are in memory.
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

/** out = f(gate(input)) ⊙ up(input) of one row; `factors` are memory for what is multiplied. */
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
 * dInput = dOutput · W, times the activation's slope where given, += when `accumulate`, nothing when null. Adds what `grads` and the adapter want of
 * dW[O,I] += dOutputᵀ · input and dBias[O] += Σ_n dOutput; a frozen weight's gradient is never formed.
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
  // An adapter that reads what is not rounded sums it too.
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

/** `linearBackward` of linears that share their input, where all their paths meet in dInput. */
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

/** Formed in `scope`; adapters that have memory for theirs keep them. */
function effectiveWeight(step: Step, scope: Arena, linear: Linear): Tensor {
  return step.adapterOf?.(linear)?.effectiveWeight(step.backend, scope, linear) ?? linear.weight
}
