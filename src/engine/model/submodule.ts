// The two submodules of a block whose MLP follows its attention: each a branch with its norm and its residual.
//
//   preNorm    attention: h = x + attn(n1(x))     mlp: y = h + mlp(n2(h))
//   postNorm   attention: h = n1(x + attn(x))     mlp: y = n2(h + mlp(h))
import type { Tensor } from '../compute/tensor.ts'
import type { Block } from './block.ts'
import {
  applyNorm,
  attend,
  attentionBack,
  feed,
  mlpBack,
  normBack,
  secondNorm,
  type AttentionPartSaved,
  type Backward,
  type MlpPartSaved,
} from './branches.ts'
import { normForward, normTrains } from './norm.ts'
import { dropUnless, type Pass } from './pass.ts'

/** x [N,C] → h [N,C], into `h`. */
export async function attentionSubmodule(pass: Pass, block: Block, x: Tensor, h: Tensor): Promise<AttentionPartSaved> {
  const { scope, step } = pass
  const branch = scope.allocate(x.shape)
  if (block.config.residual === 'postNorm') {
    const attention = await attend(pass, block, x, branch)
    const sum = scope.allocate(x.shape)
    step.backend.kernels.add(sum, x, branch)
    scope.release(branch)
    return { attnNorm: normForward(pass, h, block.attnNorm, sum), attention }
  }
  const [normed, attnNorm] = applyNorm(pass, block.attnNorm, x)
  const attention = await attend(pass, block, normed, branch)
  dropUnless(pass, normed, attention.x)
  step.backend.kernels.add(h, x, branch)
  scope.release(branch)
  return { attnNorm, attention }
}

/** h [N,C] → y [N,C], into `y`. */
export async function mlpSubmodule(pass: Pass, block: Block, h: Tensor, y: Tensor): Promise<MlpPartSaved> {
  const { scope, step } = pass
  const branch = scope.allocate(h.shape)
  if (block.config.residual === 'postNorm') {
    const mlp = await feed(pass, block, h, branch)
    const sum = scope.allocate(h.shape)
    step.backend.kernels.add(sum, h, branch)
    scope.release(branch)
    return { mlpNorm: normForward(pass, y, secondNorm(block), sum), mlp }
  }
  const [normed, mlpNorm] = applyNorm(pass, secondNorm(block), h)
  const mlp = await feed(pass, block, normed, branch)
  dropUnless(pass, normed, mlp.x)
  step.backend.kernels.add(y, h, branch)
  scope.release(branch)
  return { mlpNorm, mlp }
}

/** dH [N,C] → dX, or null when it is not wanted; then what only it would need is not computed. */
export async function attentionSubmoduleBackward(
  b: Backward<AttentionPartSaved>,
  dH: Tensor,
  dX: Tensor | null,
): Promise<void> {
  const { step, scope, block, saved, grads } = b
  const { kernels } = step.backend
  if (block.config.residual === 'postNorm') {
    const dSum = normBack(b, block.attnNorm, saved.attnNorm, dH)
    const dBranch = dX && scope.allocate(dH.shape)
    await attentionBack(b, dSum, dBranch)
    if (dX && dBranch) kernels.add(dX, dSum, dBranch)
    return
  }
  if (!dX && !normTrains(block.attnNorm, grads)) return attentionBack(b, dH, null)
  const dNormed = scope.allocate(dH.shape)
  await attentionBack(b, dH, dNormed)
  const dThrough = normBack(b, block.attnNorm, saved.attnNorm, dNormed)
  if (dX) kernels.add(dX, dH, dThrough)
}

/** dY [N,C] → dH, or null when it is not wanted. */
export async function mlpSubmoduleBackward(b: Backward<MlpPartSaved>, dY: Tensor, dH: Tensor | null): Promise<void> {
  const { step, scope, block, saved, grads } = b
  const { kernels } = step.backend
  const norm = secondNorm(block)
  if (block.config.residual === 'postNorm') {
    const dSum = normBack(b, norm, saved.mlpNorm, dY)
    const dBranch = dH && scope.allocate(dY.shape)
    await mlpBack(b, dSum, dBranch)
    if (dH && dBranch) {
      kernels.add(dH, dSum, dBranch)
      scope.release(dBranch)
    }
    return
  }
  if (!dH && !normTrains(norm, grads)) return mlpBack(b, dY, null)
  const dNormed = scope.allocate(dY.shape)
  await mlpBack(b, dY, dNormed)
  const dThrough = normBack(b, norm, saved.mlpNorm, dNormed)
  if (dH) kernels.add(dH, dY, dThrough)
  scope.release(dThrough)
  scope.release(dNormed)
}
