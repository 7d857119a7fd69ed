// The two branches of a block, attention and MLP, and its norms: every residual order is made of them.
import type { Arena } from '../compute/arena.ts'
import type { Tensor } from '../compute/tensor.ts'
import { EngineError } from '../errors.ts'
import { breathe } from '../breathe.ts'
import { attentionBackward, attentionForward, type AttentionSaved } from './attention.ts'
import type { BranchNorms } from '../../shared/families/residual.ts'
import type { Block } from './block.ts'
import { mlpBackward, mlpForward, type MlpSaved } from './mlp.ts'
import type { Grads, Linear, Step } from './module.ts'
import { moeBackward, moeForward, type MoeSaved } from './moe.ts'
import { normBackward, normForward, type Norm, type NormSaved } from './norm.ts'
import type { Pass } from './pass.ts'

/** Tensors that the forward of attention, with its norms, leaves for the backward, in the step's arena. */
export interface AttentionPartSaved {
  readonly attnNorms: BranchNorms<NormSaved>
  readonly attention: AttentionSaved
}

/** The same of the MLP; without norms where it shares attention's. */
export interface MlpPartSaved {
  readonly mlpNorms: BranchNorms<NormSaved>
  readonly mlp: MlpSaved | MoeSaved
}

/** Arguments that the parts of one backward share. */
export interface Backward<S> {
  readonly step: Step
  readonly scope: Arena
  readonly block: Block
  readonly saved: S
  readonly grads: Grads
}

/** `dtype`: of the output, bf16 where only products of bf16 read it. */
export function applyNorm(pass: Pass, norm: Norm, x: Tensor, dtype: 'f32' | 'bf16' = 'f32'): [Tensor, NormSaved] {
  const output = pass.scope.allocate(x.shape, dtype)
  return [output, normForward(pass, output, norm, x)]
}

export async function attend(pass: Pass, block: Block, x: Tensor, output: Tensor): Promise<AttentionSaved> {
  pass.step.observe?.(readersOf(block, block.attention.projections[0]), x)
  return attentionForward(pass, block.config, block.attention, x, output)
}

export async function feed(pass: Pass, block: Block, x: Tensor, output: Tensor): Promise<MlpSaved | MoeSaved> {
  await breathe()
  const { mlp } = block
  if (mlp.kind === 'moe') return moeForward(pass, mlp, x, output)
  // With one norm for both branches, attention's observer call has named these linears too.
  const first = mlp.inputs[0]
  if (first.inputKey !== block.attention.projections[0].inputKey) pass.step.observe?.(readersOf(block, first), x)
  return mlpForward(pass, mlp, x, output)
}

function readersOf(block: Block, { inputKey }: Linear): Linear[] {
  return block.linears.filter((linear) => linear.inputKey === inputKey)
}

/** dX, the gradient of the input, or null when it is not wanted. */
export async function mlpBack(b: Backward<MlpPartSaved>, dOutput: Tensor, dX: Tensor | null): Promise<void> {
  await breathe()
  const { step, scope, block, grads } = b
  const saved = b.saved.mlp
  if (block.mlp.kind === 'moe' && 'routing' in saved) await moeBackward(step, block.mlp, saved, dOutput, grads, dX)
  else if (block.mlp.kind !== 'moe' && !('routing' in saved)) {
    await mlpBackward(step, scope, block.mlp, saved, dOutput, grads, dX)
  } else throw new EngineError('internal', `block ${block.index}: saved by another kind of MLP`)
}

export async function attentionBack(
  { step, scope, block, saved, grads }: Backward<AttentionPartSaved>,
  dOutput: Tensor,
  dX: Tensor | null,
): Promise<void> {
  await attentionBackward(step, scope, block.config, block.attention, saved.attention, dOutput, grads, dX)
}

export function normBack(
  { step, scope, grads }: Backward<unknown>,
  norm: Norm,
  saved: NormSaved | null,
  dOutput: Tensor,
): Tensor {
  if (!saved) throw new EngineError('internal', `${norm.name}: its forward saved nothing`)
  return normBackward(step, scope, norm, saved, dOutput, grads)
}
