// The two submodules of a block whose MLP follows its attention: each a branch with its norms and its residual.
//
//   x ─┬─ input norm ─ branch ─ output norm ─ · scale ─(+)─ sum norm ─ y        (residual.ts: which norms there are)
//      └────────────────────────────────────────────────┘
import type { Tensor } from '../compute/tensor.ts'
import type { BranchNorms } from '../../shared/families/residual.ts'
import type { Block } from './block.ts'
import {
  applyNorm,
  attend,
  attentionBack,
  feed,
  mlpBack,
  normBack,
  type AttentionPartSaved,
  type Backward,
  type MlpPartSaved,
} from './branches.ts'
import { readType } from './linear.ts'
import { normForward, normTrains, type Norm, type NormSaved } from './norm.ts'
import { dropUnless, type Pass } from './pass.ts'
import { addBranch, scaled } from './scale.ts'

/** x [N,C] → h [N,C], into `h`. */
export async function attentionSubmodule(pass: Pass, block: Block, x: Tensor, h: Tensor): Promise<AttentionPartSaved> {
  const read = readType(pass.step, x.shape[0])
  const { norms, inner } = await forward(pass, block, block.attnNorms, read, x, h, (input, output) =>
    attend(pass, block, input, output),
  )
  return { attnNorms: norms, attention: inner }
}

/** h [N,C] → y [N,C], into `y`. */
export async function mlpSubmodule(pass: Pass, block: Block, h: Tensor, y: Tensor): Promise<MlpPartSaved> {
  // A router multiplies in f32.
  const read = block.mlp.kind === 'moe' ? 'f32' : readType(pass.step, h.shape[0])
  const { norms, inner } = await forward(pass, block, block.mlpNorms, read, h, y, (input, output) =>
    feed(pass, block, input, output),
  )
  return { mlpNorms: norms, mlp: inner }
}

/** dH [N,C] → dX, or null when it is not wanted; then what only it would need is not computed. */
export function attentionSubmoduleBackward(
  b: Backward<AttentionPartSaved>,
  dH: Tensor,
  dX: Tensor | null,
): Promise<void> {
  const back = (dBranch: Tensor, dInput: Tensor | null) => attentionBack(b, dBranch, dInput)
  return backward(b, b.block.attnNorms, b.saved.attnNorms, dH, dX, back)
}

/** dY [N,C] → dH, or null when it is not wanted. */
export function mlpSubmoduleBackward(b: Backward<MlpPartSaved>, dY: Tensor, dH: Tensor | null): Promise<void> {
  const back = (dBranch: Tensor, dInput: Tensor | null) => mlpBack(b, dBranch, dInput)
  return backward(b, b.block.mlpNorms, b.saved.mlpNorms, dY, dH, back)
}

async function forward<S extends { readonly x: Tensor }>(
  pass: Pass,
  { config }: Block,
  norms: BranchNorms<Norm>,
  read: 'f32' | 'bf16',
  x: Tensor,
  y: Tensor,
  run: (input: Tensor, output: Tensor) => Promise<S>,
): Promise<{ norms: BranchNorms<NormSaved>; inner: S }> {
  const { scope, step } = pass
  const { residualScale } = config
  const branch = scope.allocate(x.shape)
  const [input, inputSaved] = norms.input ? applyNorm(pass, norms.input, x, read) : [x, null]
  const inner = await run(input, branch)
  if (norms.input) dropUnless(pass, input, inner.x)
  const [output, outputSaved] = norms.output ? applyNorm(pass, norms.output, branch) : [branch, null]
  if (norms.output) pass.drop(branch)
  const sum = norms.sum ? scope.allocate(x.shape) : y
  addBranch(step, sum, x, output, residualScale)
  scope.release(output)
  const sumSaved = norms.sum ? normForward(pass, y, norms.sum, sum) : null
  return { norms: { input: inputSaved, output: outputSaved, sum: sumSaved }, inner }
}

async function backward(
  b: Backward<unknown>,
  norms: BranchNorms<Norm>,
  saved: BranchNorms<NormSaved>,
  dY: Tensor,
  dX: Tensor | null,
  back: (dBranch: Tensor, dInput: Tensor | null) => Promise<void>,
): Promise<void> {
  const { step, scope, grads } = b
  const dSum = norms.sum ? normBack(b, norms.sum, saved.sum, dY) : dY
  const dOutput = scaled(step, scope, dSum, b.block.config.residualScale)
  const dBranch = norms.output ? normBack(b, norms.output, saved.output, dOutput) : dOutput
  const wantsInput = dX !== null || (norms.input !== null && normTrains(norms.input, grads))
  const dInput = wantsInput ? scope.allocate(dY.shape) : null
  await back(dBranch, dInput)
  if (!dInput) return
  const dThrough = norms.input ? normBack(b, norms.input, saved.input, dInput) : dInput
  if (dX) step.backend.kernels.add(dX, dSum, dThrough)
  for (const tensor of new Set([dSum, dOutput, dBranch, dInput, dThrough])) if (tensor !== dY) scope.release(tensor)
}
