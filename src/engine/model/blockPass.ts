// One block forward and backward, in the four residual orders.
//
//   preNorm      x ─┬─ n1 ─ attn ─(+)─┬─ n2 ─ mlp ─(+)─ y      postNorm   x ─┬─ attn ─(+)─ n1 ─┬─ mlp ─(+)─ n2 ─ y
//                   └──────────────┘  └─────────────┘                        └──────────┘     └─────────┘
//   parallel     y = x + attn(n1(x)) + mlp(n2(x))              parallelSharedNorm   y = x + attn(n(x)) + mlp(n(x))
import { Arena } from '../compute/arena.ts'
import type { Tensor } from '../compute/tensor.ts'
import { EngineError } from '../errors.ts'
import { breathe } from '../breathe.ts'
import { attentionBackward, attentionForward, type AttentionSaved } from './attention.ts'
import type { Block } from './block.ts'
import { mlpBackward, mlpForward, type MlpSaved } from './mlp.ts'
import type { Grads, Linear, Step } from './module.ts'
import { moeBackward, moeForward, type MoeSaved } from './moe.ts'
import { normBackward, normForward, normTrains, type Norm, type NormSaved } from './norm.ts'
import { createPass, type Pass } from './pass.ts'

/** What a forward leaves for its backward; points into the step's arena. */
export interface BlockSaved {
  readonly attnNorm: NormSaved
  readonly attention: AttentionSaved
  readonly mlpNorm: NormSaved | null
  readonly mlp: MlpSaved | MoeSaved
}

/** input [N,C] → output [N,C] in the step's arena; `saved` is null unless asked for. */
export async function blockForward(
  step: Step,
  block: Block,
  input: Tensor,
  save: boolean,
): Promise<{ output: Tensor; saved: BlockSaved | null }> {
  const pass = createPass(step, save)
  const output = step.arena.allocate(input.shape)
  try {
    const saved = await forward(pass, block, input, output)
    return { output, saved: save ? saved : null }
  } finally {
    if (!save) pass.scope.close()
  }
}

/**
 * dInput [N,C] in the step's arena, or null when it is not wanted; then what only it would need is not computed.
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
  switch (block.config.residual) {
    case 'preNorm':
      await preNormBackward({ step, scope, block, saved, grads }, dOutput, dInput)
      break
    case 'postNorm':
      await postNormBackward({ step, scope, block, saved, grads }, dOutput, dInput)
      break
    case 'parallel':
    case 'parallelSharedNorm':
      await parallelBackward({ step, scope, block, saved, grads }, dOutput, dInput)
  }
  return dInput
}

async function forward(pass: Pass, block: Block, x: Tensor, y: Tensor): Promise<BlockSaved> {
  const { step, scope } = pass
  const { kernels } = step.backend
  const fresh = () => scope.allocate(x.shape)
  const branch = fresh()
  switch (block.config.residual) {
    case 'preNorm': {
      const [normed, attnNorm] = applyNorm(pass, block.attnNorm, x)
      const attention = await attend(pass, block, normed, branch)
      pass.drop(normed)
      const middle = fresh()
      kernels.add(middle, x, branch)
      const [normed2, mlpNorm] = applyNorm(pass, secondNorm(block), middle)
      const mlp = await feed(pass, block, normed2, branch)
      kernels.add(y, middle, branch)
      scope.release(branch)
      return { attnNorm, attention, mlpNorm, mlp }
    }
    case 'postNorm': {
      const attention = await attend(pass, block, x, branch)
      const sum = fresh()
      kernels.add(sum, x, branch)
      const [middle, attnNorm] = applyNorm(pass, block.attnNorm, sum)
      const mlp = await feed(pass, block, middle, branch)
      const sum2 = fresh()
      kernels.add(sum2, middle, branch)
      const mlpNorm = normForward(pass, y, secondNorm(block), sum2)
      scope.release(branch)
      return { attnNorm, attention, mlpNorm, mlp }
    }
    case 'parallel':
    case 'parallelSharedNorm': {
      const [normed, attnNorm] = applyNorm(pass, block.attnNorm, x)
      const attention = await attend(pass, block, normed, branch)
      const sum = fresh()
      kernels.add(sum, x, branch)
      const [normed2, mlpNorm] = block.mlpNorm ? applyNorm(pass, block.mlpNorm, x) : [normed, null]
      const mlp = await feed(pass, block, normed2, branch)
      kernels.add(y, sum, branch)
      scope.release(sum)
      scope.release(branch)
      return { attnNorm, attention, mlpNorm, mlp }
    }
  }
}

function applyNorm(pass: Pass, norm: Norm, x: Tensor): [Tensor, NormSaved] {
  const output = pass.scope.allocate(x.shape)
  return [output, normForward(pass, output, norm, x)]
}

async function attend(pass: Pass, block: Block, x: Tensor, output: Tensor): Promise<AttentionSaved> {
  pass.step.observe?.(readersOf(block, block.attention.projections[0]), x)
  return attentionForward(pass, block.config, block.attention, x, output)
}

async function feed(pass: Pass, block: Block, x: Tensor, output: Tensor): Promise<MlpSaved | MoeSaved> {
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

function secondNorm(block: Block): Norm {
  if (block.mlpNorm) return block.mlpNorm
  throw new EngineError('internal', `block ${block.index} has no second norm`)
}

interface Backward {
  readonly step: Step
  readonly scope: Arena
  readonly block: Block
  readonly saved: BlockSaved
  readonly grads: Grads
}

async function mlpBack(b: Backward, dOutput: Tensor, dX: Tensor | null): Promise<void> {
  await breathe()
  const { step, scope, block, grads } = b
  const saved = b.saved.mlp
  if (block.mlp.kind === 'moe' && 'routing' in saved) await moeBackward(step, block.mlp, saved, dOutput, grads, dX)
  else if (block.mlp.kind !== 'moe' && !('routing' in saved)) {
    await mlpBackward(step, scope, block.mlp, saved, dOutput, grads, dX)
  } else throw new EngineError('internal', `block ${block.index}: saved by another kind of MLP`)
}

async function attentionBack(
  { step, scope, block, saved, grads }: Backward,
  dOutput: Tensor,
  dX: Tensor | null,
): Promise<void> {
  await attentionBackward(step, scope, block.config, block.attention, saved.attention, dOutput, grads, dX)
}

function normBack({ step, scope, grads }: Backward, norm: Norm, saved: NormSaved | null, dOutput: Tensor): Tensor {
  if (!saved) throw new EngineError('internal', `${norm.name}: its forward saved nothing`)
  return normBackward(step, scope, norm, saved, dOutput, grads)
}

async function preNormBackward(b: Backward, dY: Tensor, dX: Tensor | null): Promise<void> {
  const { step, scope, block, saved } = b
  const { kernels } = step.backend
  const dNormed = scope.allocate(dY.shape)
  await mlpBack(b, dY, dNormed)
  const dThrough = normBack(b, secondNorm(block), saved.mlpNorm, dNormed)
  const dMiddle = scope.allocate(dY.shape)
  kernels.add(dMiddle, dY, dThrough)
  scope.release(dThrough)
  if (!dX && !normTrains(block.attnNorm, b.grads)) return attentionBack(b, dMiddle, null)
  await attentionBack(b, dMiddle, dNormed)
  const dFirst = normBack(b, block.attnNorm, saved.attnNorm, dNormed)
  if (dX) kernels.add(dX, dMiddle, dFirst)
}

async function postNormBackward(b: Backward, dY: Tensor, dX: Tensor | null): Promise<void> {
  const { step, scope, block, saved } = b
  const { kernels } = step.backend
  const dSum2 = normBack(b, secondNorm(block), saved.mlpNorm, dY)
  const dBranch = scope.allocate(dY.shape)
  await mlpBack(b, dSum2, dBranch)
  const dMiddle = scope.allocate(dY.shape)
  kernels.add(dMiddle, dSum2, dBranch)
  const dSum = normBack(b, block.attnNorm, saved.attnNorm, dMiddle)
  await attentionBack(b, dSum, dX ? dBranch : null)
  if (dX) kernels.add(dX, dSum, dBranch)
}

async function parallelBackward(b: Backward, dY: Tensor, dX: Tensor | null): Promise<void> {
  const { step, scope, block, saved } = b
  const { kernels } = step.backend
  const attnInput = dX !== null || normTrains(block.attnNorm, b.grads)
  const mlpInput = block.mlpNorm ? dX !== null || normTrains(block.mlpNorm, b.grads) : attnInput
  const dMlp = mlpInput ? scope.allocate(dY.shape) : null
  const dAttn = attnInput ? scope.allocate(dY.shape) : null
  await mlpBack(b, dY, dMlp)
  await attentionBack(b, dY, dAttn)
  if (!block.mlpNorm && dAttn && dMlp) kernels.addScaled(dAttn, dMlp, 1)
  const dFirst = dAttn ? normBack(b, block.attnNorm, saved.attnNorm, dAttn) : null
  const dSecond = block.mlpNorm && dMlp ? normBack(b, block.mlpNorm, saved.mlpNorm, dMlp) : null
  if (!dX || !dFirst) return
  kernels.add(dX, dY, dFirst)
  if (dSecond) kernels.addScaled(dX, dSecond, 1)
}
