// LayerNorm and RMSNorm over the last dimension, of hidden states or of single heads.
import type { Arena } from '../compute/arena.ts'
import type { Tensor } from '../compute/tensor.ts'
import { EngineError } from '../errors.ts'
import type { Grads, Step } from './module.ts'
import type { Pass } from './pass.ts'

export interface Norm {
  readonly kind: 'layerNorm' | 'rmsNorm'
  /** Module name in the checkpoint. */
  readonly name: string
  readonly eps: number
  readonly unitOffset: 0 | 1
  /** [C]; null where the norm is not affine. */
  readonly weight: Tensor | null
  readonly bias: Tensor | null
}

export interface NormSaved {
  readonly x: Tensor
  /** [N]; null for RMSNorm. */
  readonly mean: Tensor | null
  /** [N] */
  readonly rstd: Tensor
}

/** x [N,C] → output [N,C], which the caller allocates. */
export function normForward({ step, scope }: Pass, output: Tensor, norm: Norm, x: Tensor): NormSaved {
  const { kernels } = step.backend
  const numRows = x.length / x.shape[x.shape.length - 1]
  const rstd = scope.allocate([numRows])
  switch (norm.kind) {
    case 'layerNorm': {
      const mean = scope.allocate([numRows])
      kernels.layerNorm(output, mean, rstd, x, norm.weight, norm.bias, norm.eps)
      return { x, mean, rstd }
    }
    case 'rmsNorm':
      kernels.rmsNorm(output, rstd, x, weightOf(norm), norm.eps, norm.unitOffset)
      return { x, mean: null, rstd }
  }
}

/** Returns dX [N,C]: `into.dX`, with `into.residual` added, where `into` is given. Adds the wanted gradients of weight and bias. */
export function normBackward(
  step: Step,
  scope: Arena,
  norm: Norm,
  { x, mean, rstd }: NormSaved,
  dOutput: Tensor,
  grads: Grads,
  into: { readonly dX: Tensor; readonly residual: Tensor } | null = null,
): Tensor {
  const { kernels } = step.backend
  const dX = into?.dX ?? scope.allocate(x.shape)
  const residual = into?.residual ?? null
  const dWeight = norm.weight && grads.of(`${norm.name}.weight`)
  if (mean) {
    const dBias = norm.bias && grads.of(`${norm.name}.bias`)
    kernels.layerNormBackward(dX, dWeight, dBias, dOutput, x, mean, rstd, norm.weight, residual)
  } else kernels.rmsNormBackward(dX, dWeight, dOutput, x, rstd, weightOf(norm), norm.unitOffset, residual)
  return dX
}

/** Whether the gradient of this norm's own parameters is wanted. */
export function normTrains(norm: Norm, grads: Grads): boolean {
  return [norm.weight && grads.of(`${norm.name}.weight`), norm.bias && grads.of(`${norm.name}.bias`)].some(Boolean)
}

function weightOf(norm: Norm): Tensor {
  if (norm.weight) return norm.weight
  throw new EngineError('internal', `${norm.name}: an RMSNorm without weight`)
}
