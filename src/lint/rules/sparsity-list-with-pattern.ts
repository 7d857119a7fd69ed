import { nmSteps } from '../context.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'N9',
  severity: 'warning',
  title: 'Sparsity over depth together with N:M',
  why: 'An N:M pattern fixes the sparsity of every row, so a list of sparsities has no effect.',
  bad: 'prune: [{pattern: "2:4", sparsity: [0.4, 0.6]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: [0.3, 0.4]}]\nsave: {to: out}',
  *check(context) {
    for (const { step, written, at } of nmSteps(context)) {
      if (!Array.isArray(written)) continue
      yield {
        at: at('sparsity'),
        message: `A list of sparsities has no effect with ${step.pattern}: remove the list or the pattern.`,
        fixes: [context.fix.drop(at('sparsity'), 'the list'), context.fix.drop(at('pattern'), 'the pattern')],
      }
    }
  },
}
