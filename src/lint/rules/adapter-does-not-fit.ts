import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'R14',
  severity: 'error',
  needs: 'data',
  title: 'An adapter that cannot be merged into this model',
  why: '`mode: merge` adds a LoRA of PEFT to the weights under their masks. Everything that it trained must have a place: each tensor belongs to a matrix, a norm or a bias of this model and has its shape, and each name of `target_modules` has its tensors. DoRA, starts that move weights of the base model into the adapter (PiSSA, OLoRA, CorDA), embeddings and whole matrices (`modules_to_save`) are not merged here.',
  bad: 'prune: [{sparsity: 0.3}]\nrecover: {mode: merge, adapter: other-model}\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nrecover: {mode: merge, adapter: adapter}\nsave: {to: out}',
  *check({ recoveries, facts }) {
    for (const { path, resolved } of recoveries) {
      const problem = resolved.adapter === undefined ? null : facts.adapters?.get(resolved.adapter)
      if (problem) yield { at: [...path, 'adapter'], message: `${problem[0].toUpperCase()}${problem.slice(1)}.` }
    }
  },
}
