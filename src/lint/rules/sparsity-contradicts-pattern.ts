import { nmSteps } from '../context.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'N1',
  severity: 'error',
  title: 'Sparsity and N:M disagree',
  why: 'N zeros in each M weights is a sparsity of N/M, no other. PERP refuses another value, llm-compressor ignores it.',
  bad: 'prune: [{pattern: "2:4", sparsity: 0.6}]\nsave: {to: out}',
  good: 'prune: [{pattern: "2:4", sparsity: 0.5}]\nsave: {to: out}',
  *check(context) {
    for (const { n, m, step, written, at } of nmSteps(context)) {
      const share = n / m
      if (typeof written !== 'number' || Math.abs(written - share) < 5e-3) continue
      const text = String(Number(share.toFixed(4)))
      yield {
        at: at('sparsity'),
        message: `${step.pattern} means ${n} zeros in each ${m} weights, a sparsity of ${text}: write that, or remove the pattern.`,
        fixes: [context.fix.write(at('sparsity'), text), context.fix.drop(at('pattern'), 'the pattern')],
      }
    }
  },
}
