import { drop } from '../../lint/fixes.ts'
import { isMeasured } from '../../allocations/allocations.ts'
import { groupOf } from '../../lint/context.ts'
import { defineRule } from '../../lint/rule.ts'

export const rule = defineRule({
  id: 'N13',
  severity: 'error',
  title: 'An allocation with nothing to spread',
  why: 'OWL spreads one sparsity over the blocks. A list says already what each block loses, and an N:M pattern fixes the sparsity of every group.',
  bad: 'prune: [{pattern: "2:4", allocation: owl}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, allocation: owl}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, resolved }) {
    for (const [i, step] of resolved.prune.entries()) {
      if (!isMeasured(step.allocation)) continue
      const other = groupOf(step) ? 'pattern' : Array.isArray(step.sparsity) ? 'sparsity' : null
      if (other === null) continue
      yield {
        at: ['prune', i, 'allocation'],
        from: [['prune', i, other]],
        message:
          other === 'pattern'
            ? `allocation ${step.allocation} spreads the sparsity over the blocks, but ${step.pattern} fixes it: remove one of them.`
            : `allocation ${step.allocation} needs one number as sparsity, not a list: remove the allocation, or write one number.`,
        fixes: [drop(document, ['prune', i, 'allocation'])],
      }
    }
  },
})
