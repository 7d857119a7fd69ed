// A linear with its adapter: forward, and the products of its backward that somebody wants.
import { Arena } from '../compute/arena.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { Grads, Linear, Step } from './module.ts'

/** output[N,O] = input[N,I] · Wᵀ + bias, W the adapter's effective weight where there is one. */
export function linearForward(step: Step, output: Tensor, linear: Linear, input: Tensor): Tensor {
  withWeight(step, linear, (weight) => step.backend.kernels.linear(output, input, weight, linear.bias))
  return output
}

/**
 * dInput = dOutput · W, += when `accumulate`, nothing when null. Adds what `grads` and the adapter want of
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
): void {
  const { kernels } = step.backend
  const dWeight = grads.of(`${linear.name}.weight`)
  if (dWeight) kernels.linearBackwardWeight(dWeight, dOutput, input)
  const dBias = linear.bias && grads.of(`${linear.name}.bias`)
  if (dBias) kernels.columnSum(dBias, dOutput)
  const adapter = step.adapterOf?.(linear)
  if (adapter) {
    using arena = new Arena(step.backend)
    adapter.backward(step.backend, arena, linear, dOutput, input)
  }
  if (dInput) withWeight(step, linear, (weight) => kernels.linearBackwardInput(dInput, dOutput, weight, accumulate))
}

/** Effective weights are formed for one product and go again; adapters that have memory for them keep them. */
function withWeight(step: Step, linear: Linear, use: (weight: Tensor) => void): void {
  const adapter = step.adapterOf?.(linear)
  if (!adapter) return use(linear.weight)
  using arena = new Arena(step.backend)
  use(adapter.effectiveWeight(step.backend, arena, linear))
}
