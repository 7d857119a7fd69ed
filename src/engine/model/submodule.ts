// The two branches of a block, attention and MLP, and its norms: every residual order is made of them. Where the MLP follows
// attention, each branch with its norms and its residual is a submodule.
//
//   x ─┬─ input norm ─ branch ─ output norm ─ · scale ─(+)─ sum norm ─ y        (residual.ts: which norms there are)
//      └────────────────────────────────────────────────┘
import type { Tensor } from '../compute/tensor.ts'
import type { BranchNorms } from '../../catalog/families/residual.ts'
import type { Block } from './block.ts'
import { type Norm, normBackward, normForward, type NormSaved, normTrains } from './norm.ts'
import { readType } from './linear.ts'
import { dropUnless, type Pass } from './pass.ts'
import { addBranch, scaled, type Grads, type Linear, type Step } from './module.ts'
import type { Arena } from '../compute/arena.ts'
import { EngineError } from '../errors.ts'
import { breathe } from '../breathe.ts'
import { attentionBackward, attentionForward, type AttentionSaved } from './attention.ts'
import { mlpBackward, mlpForward, type MlpSaved } from './mlp.ts'
import { moeBackward, moeForward, type MoeSaved } from './moe.ts'

/** x [N,C] → h [N,C], into `h`. */
export async function attentionSubmodule(pass: Pass, block: Block, x: Tensor, h: Tensor): Promise<AttentionPartSaved> {
  const read = readType(pass.step, x.shape[0])
  const { norms, inner } = await forward(pass, block, block.attnNorms, read, x, h, attend)
  return { attnNorms: norms, attention: inner }
}

/** h [N,C] → y [N,C], into `y`. */
export async function mlpSubmodule(pass: Pass, block: Block, h: Tensor, y: Tensor): Promise<MlpPartSaved> {
  // A router multiplies in f32.
  const read = block.mlp.kind === 'moe' ? 'f32' : readType(pass.step, h.shape[0])
  const { norms, inner } = await forward(pass, block, block.mlpNorms, read, h, y, feed)
  return { mlpNorms: norms, mlp: inner }
}

/** dH [N,C] → dX. Where dX is not wanted (null), work that only dX needs is skipped. */
export function attentionSubmoduleBackward(
  b: Backward<AttentionPartSaved>,
  dH: Tensor,
  dX: Tensor | null,
): Promise<void> {
  return backward(b, b.block.attnNorms, b.saved.attnNorms, dH, dX, attentionBack)
}

/** dY [N,C] → dH, unless dH is not wanted (null). */
export function mlpSubmoduleBackward(b: Backward<MlpPartSaved>, dY: Tensor, dH: Tensor | null): Promise<void> {
  return backward(b, b.block.mlpNorms, b.saved.mlpNorms, dY, dH, mlpBack)
}

async function forward<S extends { readonly x: Tensor }>(
  pass: Pass,
  block: Block,
  norms: BranchNorms<Norm>,
  read: 'f32' | 'bf16',
  x: Tensor,
  y: Tensor,
  run: (pass: Pass, block: Block, input: Tensor, output: Tensor, residual: Tensor | null) => Promise<S>,
): Promise<{ norms: BranchNorms<NormSaved>; inner: S }> {
  const { scope, step } = pass
  const { residualScale } = block.config
  const sum = norms.sum ? scope.allocate(x.shape) : y
  // The branch's last linear adds the residual where no output norm or scale comes between them.
  const adds = !norms.output && residualScale === 1
  const branch = adds ? sum : scope.allocate(x.shape)
  const [input, inputSaved] = norms.input ? applyNorm(pass, norms.input, x, read) : [x, null]
  const inner = await run(pass, block, input, branch, adds ? x : null)
  if (norms.input) dropUnless(pass, input, inner.x)
  const [output, outputSaved] = norms.output ? applyNorm(pass, norms.output, branch) : [branch, null]
  if (norms.output) pass.drop(branch)
  if (!adds) {
    addBranch(step, sum, x, output, residualScale)
    scope.release(output)
  }
  const sumSaved = norms.sum ? normForward(pass, y, norms.sum, sum) : null
  return { norms: { input: inputSaved, output: outputSaved, sum: sumSaved }, inner }
}

async function backward<S>(
  b: Backward<S>,
  norms: BranchNorms<Norm>,
  saved: BranchNorms<NormSaved>,
  dY: Tensor,
  dX: Tensor | null,
  back: (b: Backward<S>, dBranch: Tensor, dInput: Tensor | null) => Promise<void>,
): Promise<void> {
  const { step, scope, grads } = b
  const dSum = norms.sum ? normBack(b, norms.sum, saved.sum, dY) : dY
  const dOutput = scaled(step, scope, dSum, b.block.config.residualScale)
  const dBranch = norms.output ? normBack(b, norms.output, saved.output, dOutput) : dOutput
  const wantsInput = dX !== null || (norms.input !== null && normTrains(norms.input, grads))
  const dInput = wantsInput ? scope.allocate(dY.shape) : null
  await back(b, dBranch, dInput)
  if (!dInput) return
  const into = dX && { dX, residual: dSum }
  const dThrough = norms.input ? normBack(b, norms.input, saved.input, dInput, into) : dInput
  if (dX && !norms.input) step.backend.kernels.add(dX, dSum, dThrough)
  for (const tensor of new Set([dSum, dOutput, dBranch, dInput, dThrough]))
    if (tensor !== dY && tensor !== dX) scope.release(tensor)
}

/** Tensors that the forward of attention, with its norms, leaves for the backward, in the step's arena. */
export interface AttentionPartSaved {
  readonly attnNorms: BranchNorms<NormSaved>
  readonly attention: AttentionSaved
}

/** Tensors that the forward of the MLP leaves for the backward. Its norms are null where it shares attention's. */
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

/** `dtype` of the output: bf16 where only products in bf16 read it. */
export function applyNorm(pass: Pass, norm: Norm, x: Tensor, dtype: 'f32' | 'bf16' = 'f32'): [Tensor, NormSaved] {
  const output = pass.scope.allocate(x.shape, dtype)
  return [output, normForward(pass, output, norm, x)]
}

/** `residual` is added to the output where given. */
export async function attend(
  pass: Pass,
  block: Block,
  x: Tensor,
  output: Tensor,
  residual: Tensor | null,
): Promise<AttentionSaved> {
  pass.step.observe?.(readersOf(block, block.attention.projections[0]), x)
  return attentionForward(pass, block.config, block.attention, x, output, residual)
}

/** `residual` is added to the output where given. */
export async function feed(
  pass: Pass,
  block: Block,
  x: Tensor,
  output: Tensor,
  residual: Tensor | null,
): Promise<MlpSaved | MoeSaved> {
  await breathe()
  const { mlp } = block
  if (mlp.kind === 'moe') {
    const saved = await moeForward(pass, mlp, x, output)
    if (residual) pass.step.backend.kernels.addScaled(output, residual, 1)
    return saved
  }
  // With one norm for both branches, attention's observer call has named these linears too.
  const first = mlp.inputs[0]
  if (first.inputKey !== block.attention.projections[0].inputKey) pass.step.observe?.(readersOf(block, first), x)
  return mlpForward(pass, mlp, x, output, residual)
}

function readersOf(block: Block, { inputKey }: Linear): Linear[] {
  return block.linears.filter((linear) => linear.inputKey === inputKey)
}

/** Writes dX, the gradient of the input, unless it is null. */
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
  into: Parameters<typeof normBackward>[6] = null,
): Tensor {
  if (!saved) throw new EngineError('internal', `${norm.name}: its forward saved nothing`)
  return normBackward(step, scope, norm, saved, dOutput, grads, into)
}
