// Which norms a block has, and where, for each arrangement of its residual branches.
import type { Residual, Slot } from './familySpec.ts'

/** The norms of a branch: of its input, of its output, and of the stream after the output is added. */
export interface BranchNorms<T> {
  readonly input: T | null
  readonly output: T | null
  readonly sum: T | null
}

type BlockNorms = Readonly<Record<'attn' | 'mlp', BranchNorms<Slot>>>

const none = { input: null, output: null, sum: null }

/** `parallelSharedNorm` has one norm, listed under attention, whose output the MLP reads too. */
export const residualNorms: Readonly<Record<Residual, BlockNorms>> = {
  preNorm: { attn: { ...none, input: 'attn.norm' }, mlp: { ...none, input: 'mlp.norm' } },
  postNorm: { attn: { ...none, sum: 'attn.norm' }, mlp: { ...none, sum: 'mlp.norm' } },
  outNorm: { attn: { ...none, output: 'attn.outNorm' }, mlp: { ...none, output: 'mlp.outNorm' } },
  sandwichNorm: {
    attn: { ...none, input: 'attn.norm', output: 'attn.outNorm' },
    mlp: { ...none, input: 'mlp.norm', output: 'mlp.outNorm' },
  },
  parallel: { attn: { ...none, input: 'attn.norm' }, mlp: { ...none, input: 'mlp.norm' } },
  parallelSharedNorm: { attn: { ...none, input: 'attn.norm' }, mlp: none },
}

/** Whether a block runs attention, then its MLP. Parallel branches have no state between them. */
export function hasSubmodules({ residual }: { readonly residual: Residual }): boolean {
  return residual !== 'parallel' && residual !== 'parallelSharedNorm'
}
