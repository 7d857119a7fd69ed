// One block forward and backward: attention and then MLP (submodule.ts), or both side by side on the same stream.
//
//   parallel     y = x + attn(n1(x)) + mlp(n2(x))              parallelSharedNorm   y = x + attn(n(x)) + mlp(n(x))
import { Arena } from '../compute/arena.ts'
import type { Tensor } from '../compute/tensor.ts'
import { EngineError } from '../errors.ts'
import { hasSubmodules } from '../../catalog/families/residual.ts'
import type { Block } from './block.ts'
import {
  applyNorm,
  attend,
  attentionBack,
  type AttentionPartSaved,
  attentionSubmodule,
  attentionSubmoduleBackward,
  type Backward,
  feed,
  mlpBack,
  type MlpPartSaved,
  mlpSubmodule,
  mlpSubmoduleBackward,
  normBack,
} from './submodule.ts'
import type { Grads, Step } from './module.ts'
import { normTrains, type Norm } from './norm.ts'
import { runPass, type Pass } from './pass.ts'

/** Tensors that a forward leaves for its backward, in the step's arena. */
export type BlockSaved = AttentionPartSaved & MlpPartSaved

/** input [N,C] → output [N,C] in the step's arena; `saved` is null unless requested. */
export function blockForward(
  step: Step,
  block: Block,
  input: Tensor,
  save: boolean,
): Promise<{ output: Tensor; saved: BlockSaved | null }> {
  const order = hasSubmodules(block.config) ? sequential : parallel
  return runPass(step, input.shape, save, (pass, output) => order(pass, block, input, output))
}

/**
 * Returns dInput [N,C] in the step's arena, or null when it is not wanted; work that only dInput needs is then skipped.
 * Adds to the gradients that `grads` and the step's adapters want.
 */
export async function blockBackward(
  step: Step,
  block: Block,
  saved: BlockSaved,
  dOutput: Tensor,
  grads: Grads,
  wantInput: boolean,
): Promise<Tensor | null> {
  const dInput = wantInput ? step.arena.allocate(dOutput.shape) : null
  using scope = new Arena(step.backend)
  const b = { step, scope, block, saved, grads }
  if (hasSubmodules(block.config)) {
    const dMiddle = scope.allocate(dOutput.shape)
    await mlpSubmoduleBackward(b, dOutput, dMiddle)
    await attentionSubmoduleBackward(b, dMiddle, dInput)
  } else await parallelBackward(b, dOutput, dInput)
  return dInput
}

async function sequential(pass: Pass, block: Block, x: Tensor, y: Tensor): Promise<BlockSaved> {
  const middle = pass.scope.allocate(x.shape)
  const first = await attentionSubmodule(pass, block, x, middle)
  return { ...first, ...(await mlpSubmodule(pass, block, middle, y)) }
}

async function parallel(pass: Pass, block: Block, x: Tensor, y: Tensor): Promise<BlockSaved> {
  const { scope } = pass
  const sum = scope.allocate(x.shape)
  const [attnNorm, ownNorm] = [firstNorm(block), block.mlpNorms.input]
  const [normed, attnSaved] = applyNorm(pass, attnNorm, x)
  const attention = await attend(pass, block, normed, sum, x)
  const [normed2, mlpSaved] = ownNorm ? applyNorm(pass, ownNorm, x) : [normed, null]
  const mlp = await feed(pass, block, normed2, y, sum)
  scope.release(sum)
  return { attnNorms: { ...noNorms, input: attnSaved }, attention, mlpNorms: { ...noNorms, input: mlpSaved }, mlp }
}

async function parallelBackward(b: Backward<BlockSaved>, dY: Tensor, dX: Tensor | null): Promise<void> {
  const { step, scope, block, saved } = b
  const { kernels } = step.backend
  const [attnNorm, ownNorm] = [firstNorm(block), block.mlpNorms.input]
  const attnInput = dX !== null || normTrains(attnNorm, b.grads)
  const mlpInput = ownNorm ? dX !== null || normTrains(ownNorm, b.grads) : attnInput
  const dMlp = mlpInput ? scope.allocate(dY.shape) : null
  const dAttn = attnInput ? scope.allocate(dY.shape) : null
  await mlpBack(b, dY, dMlp)
  await attentionBack(b, dY, dAttn)
  if (!ownNorm && dAttn && dMlp) kernels.addScaled(dAttn, dMlp, 1)
  if (dAttn) normBack(b, attnNorm, saved.attnNorms.input, dAttn, dX && { dX, residual: dY })
  const dSecond = ownNorm && dMlp ? normBack(b, ownNorm, saved.mlpNorms.input, dMlp) : null
  if (dX && dSecond) kernels.addScaled(dX, dSecond, 1)
}

const noNorms = { input: null, output: null, sum: null }

/** The norm before attention. Every block with parallel branches has one. */
function firstNorm({ index, attnNorms }: Block): Norm {
  if (attnNorms.input) return attnNorms.input
  throw new EngineError('internal', `block ${index} has no norm before its attention`)
}
