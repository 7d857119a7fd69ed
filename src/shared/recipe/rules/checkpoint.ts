// The checkpoint that is pruned.
import { defineRule, type Report } from '../rule.ts'
import type { LintContext } from '../context.ts'
import type { ModelProblem } from '../facts.ts'

export const c1 = defineRule({
  id: 'C1',
  severity: 'error',
  needs: 'model',
  title: 'The model folder or its config.json is missing',
  why: 'A model is a folder with `config.json` and `model.safetensors` (or `pytorch_model.bin`) or its index, its path relative to the recipe; or `hf:org/name` for one that is in the Hub’s cache, where `sparsescope pull org/name` puts it.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  check: (context) => modelProblems(context, 'C1'),
})

export const c2 = defineRule({
  id: 'C2',
  severity: 'error',
  needs: 'model',
  title: 'An unknown model family',
  why: 'How blocks are computed must be known exactly: an unknown `model_type`, or a setting that changes the mathematics, is refused instead of guessed at. The inspector opens the file all the same.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  check: (context) => modelProblems(context, 'C2'),
})

export const c3 = defineRule({
  id: 'C3',
  severity: 'error',
  needs: 'model',
  title: 'Damaged weights',
  why: 'A shard of the index is missing, or sizes and offsets of the file cannot be true. Most often a download was cut off.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  check: (context) => modelProblems(context, 'C3'),
})

export const c4 = defineRule({
  id: 'C4',
  severity: 'error',
  needs: 'model',
  title: 'config.json does not fit the weights',
  why: 'A tensor is missing or has another shape than config.json says: one of the two is from another model.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  check: (context) => modelProblems(context, 'C4'),
})

export const c5 = defineRule({
  id: 'C5',
  severity: 'error',
  needs: 'model',
  title: 'Quantised weights',
  why: 'Pruning compares and changes weights as numbers: it needs F32, F16 or BF16, not packed or FP8 weights.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  check: (context) => modelProblems(context, 'C5'),
})

export const c7 = defineRule({
  id: 'C7',
  severity: 'error',
  needs: 'model',
  title: 'Weights that cannot be opened safely',
  why: 'A `.bin` is read as data, never executed: one that asks for more than tensors, or is of PyTorch before 1.6, is refused, and a Git-LFS pointer holds no weights. Convert with `save_pretrained(…, safe_serialization=True)` where you trust the file, or run `git lfs pull`.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  check: (context) => modelProblems(context, 'C7'),
})

export const c8 = defineRule({
  id: 'C8',
  severity: 'warning',
  needs: 'model',
  title: 'config.json announces a sparse format',
  why: '`sparsity_config` and `compression_config` announce containers that were removed from vLLM and transformers in 2026; vLLM even refuses dense weights with it (vllm#51188).',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  *check({ model }) {
    const key = ['sparsity_config', 'compression_config'].find((k) => model?.config?.[k] !== undefined)
    if (key === undefined) return
    yield {
      at: ['model'],
      message: `config.json of this model has ${key}, which keeps vLLM from loading it: remove it there.`,
    }
  },
})

/** What is wrong with the checkpoint itself stands at `model`. */
function* modelProblems({ model }: LintContext, rule: ModelProblem['rule']): Iterable<Report> {
  for (const problem of model?.problems ?? [])
    if (problem.rule === rule) yield { at: ['model'], message: problem.message }
}
